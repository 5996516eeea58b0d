from tests.gateway.test_races_http import *
for n in [n for n in list(globals()) if n.startswith("test_")]: del globals()[n]
import time
def test_cold(new_db, hospital):
    world=World()
    bad=0
    for k in range(8):
        with Platform(url=new_db, environment={"OPENYIBAO_GATEWAY_PER_SECOND": "0"}) as platform:
            sender = Hospital(platform.address, hospital)
            person = world.person(balance_fen=100_000)
            visit, sums = ready(sender, person, "3000.00")
            body = sender.body("2207", {"data": bill("2207", person, visit, sums, "310")})
            answers = together(platform, hospital, *[lambda mine, body=body: mine.post(body)] * AT_ONCE)
            print(k, len({one.raw for one in answers}), [one.envelope["warn_msg"]+one.envelope["err_msg"][:90] for one in answers if one.refused])
            if any(one.refused for one in answers): print(platform.tail())
