"""Payment packs (支付方式包): dated figures, and the one pipeline that turns a stay into what the fund owes for it.

unit -> coefficient -> price -> outlier -> period -> clearing. Pure: files and stays in, values out, no database.
"""
