"""Asks somebody in Airflow's own form to approve the closing of a period; light to import."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import HITLEntryOperator
from airflow.sdk import Context, Param, get_current_context
from airflow.sdk.definitions.param import ParamsDict

from municipal_indicators.endings import plainly

if TYPE_CHECKING:
    from municipal_indicators.closings.store import Approval

log = logging.getLogger(__name__)

CLOSE, LEAVE = "Закрыть период", "Не закрывать"
# What Airflow writes as the user of `airflow dags test`, where nobody could answer.
_TEST = "dag_test"


class AskForReasons(HITLEntryOperator):
    """Waits, without a worker, for approval and one text for each indicator that needs a reason.

    ``checked`` is what ``closing.look`` returns, with ``asks``: without it nothing is asked, and None is
    returned. Else the answer, as Airflow's operators give it.
    """

    template_fields: Sequence[str] = ("checked",)

    def __init__(self, *, checked: Any, **kwargs: Any) -> None:
        super().__init__(subject="", options=[CLOSE, LEAVE], **kwargs)
        self.checked = checked

    @plainly
    def execute(self, context: Context) -> Any:
        """Show the form, unless the run brought the reasons or is a test."""
        if not self.checked["asks"]:
            log.info("Nothing is asked: reasons come from the params of the run.")
            return None
        self._form()
        return super().execute(context)

    @plainly
    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Take the answer; the form of this process is made anew."""
        self._form()
        return super().execute_complete(context, event)

    def _form(self) -> None:
        self.subject, self.body = self.checked["subject"], self.checked["body"]
        self.params = ParamsDict(
            {
                one["indicator"]: Param(
                    "",
                    type=["string", "null"],
                    format="multiline",
                    title=one["name"],
                    description=f"Причина нужна: {one['why']}",
                )
                for one in self.checked["needing"]
            }
        )


def asks() -> bool:
    """Whether the present run asks: not where it brought reasons, and not in a test."""
    context = get_current_context()
    is_test = context["dag_run"].triggering_user_name == _TEST
    return context["params"]["reasons"] is None and not is_test


def approval_of(answer: Mapping[str, Any] | None, params: Mapping[str, Any]) -> Approval:
    """Who, when and why: of the answer, or of the params where nothing was asked.

    Raises AirflowSkipException where the answer is not to close.
    """
    from datetime import UTC, datetime

    from airflow.sdk.exceptions import AirflowSkipException

    from municipal_indicators.closings.store import Approval

    if answer is None:
        return Approval(params["closed_by"], datetime.now(UTC), params["reasons"] or {})
    who = (answer["responded_by_user"] or {}).get("name") or params["closed_by"]
    if CLOSE not in answer["chosen_options"]:
        raise AirflowSkipException(f"Период не закрыт: {who} выбирает «{LEAVE}».")
    return Approval(who, answer["responded_at"], answer["params_input"])
