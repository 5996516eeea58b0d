"""Refusals of a reform before anything is computed."""

from __future__ import annotations

from openyibao.kernel.errors import Refused


class BenefitListForbids(Refused):
    """A change that the benefit list forbids (待遇清单不允许的改动); `also` holds every further one."""

    code = "BENEFIT_LIST_FORBIDS"
