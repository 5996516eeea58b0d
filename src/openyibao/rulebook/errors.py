"""What the rulebook refuses."""

from __future__ import annotations

from openyibao.kernel.errors import Refused


class DraftRefused(Refused):
    """The draft is not in the state this step needs, or the same person would do both steps (草案不可办理)."""

    code = "DRAFT_REFUSED"


class NothingPublished(Refused):
    """No policy version was published yet (尚未发布政策)."""

    code = "NOTHING_PUBLISHED"
