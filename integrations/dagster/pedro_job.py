"""A Dagster job that drives Pedro's steps over HTTP.

    web ------+
              +--> answer
    memory ---+

`web` has Pedro search the web, `memory` has it search what was said in chat: neither waits for the other. `answer` has it
write the answer from what the two brought. Dagster decides what is done, in which order, and what is tried again; Pedro
does it, with the same limits as in a plan of its own.

    python pedro_job.py "what did we say about GopherCon?"

runs the job once, in this process, without a Dagster server; there the two searches come one after the other. In your own
definitions, where `ask_pedro` can be scheduled, Dagster's usual executor runs them side by side.

PEDRO_URL is the address of the bot's pages, PEDRO_API_TOKEN the token of its HTTP API.
"""

import os
import sys
import tempfile

import requests
from dagster import DagsterInstance, In, OpExecutionContext, Out, RetryPolicy, job, op

# A local model may take its time. Pedro ends a step by itself after ten minutes.
TIMEOUT_SECONDS = 11 * 60

# For what passes: Pedro restarts, too many steps are under way.
RETRY = RetryPolicy(max_retries=2, delay=2)

QUESTION = {"question": str}


def step(action: str, **params) -> dict:
    """Has Pedro carry out one step, and says what came of it: `status`, `result`, `note`, `citations`."""
    pedro = os.environ.get("PEDRO_URL", "http://127.0.0.1:6061").rstrip("/")
    response = requests.post(
        f"{pedro}/v1/steps",
        json={"action": action, "params": params},
        headers={"Authorization": f"Bearer {os.environ.get('PEDRO_API_TOKEN', '')}"},
        timeout=TIMEOUT_SECONDS,
    )
    done = response.json()
    # Not 200: the step was not even begun. Pedro says why in a sentence.
    if response.status_code != 200:
        raise RuntimeError(f"Pedro refused the step {action}: {done['error']['message']}")
    return done


def searched(context: OpExecutionContext, action: str) -> list:
    """Searches, and goes on without a result if there is none."""
    done = step(action, query=context.op_config["question"])
    if done["status"] != "succeeded":
        context.log.warning(f"{action}: nothing, because {done['note']}")
        return []
    # What Dagster shows of the op in its own pages.
    context.add_output_metadata({"sources": [citation["title"] for citation in done["citations"]]})
    return [done["result"]]


@op(config_schema=QUESTION, out=Out(list), retry_policy=RETRY)
def web(context: OpExecutionContext) -> list:
    return searched(context, "web_search")


@op(config_schema=QUESTION, out=Out(list), retry_policy=RETRY)
def memory(context: OpExecutionContext) -> list:
    return searched(context, "reference_check")


@op(config_schema=QUESTION, ins={"found": In(list), "remembered": In(list)}, out=Out(str), retry_policy=RETRY)
def answer(context: OpExecutionContext, found: list, remembered: list) -> str:
    done = step("return_response", question=context.op_config["question"], results=found + remembered)
    if done["status"] != "succeeded":
        raise RuntimeError(f"Pedro has no answer, because {done['note']}")
    return done["result"]


@job
def ask_pedro():
    answer(found=web(), remembered=memory())


def main() -> None:
    question = " ".join(sys.argv[1:]).strip()
    if not question:
        raise SystemExit('usage: python pedro_job.py "a question"')
    config = {"ops": {name: {"config": {"question": question}} for name in ("web", "memory", "answer")}}
    # An instance of its own that leaves nothing behind, and sends no figures to Dagster's makers.
    with tempfile.TemporaryDirectory() as home:
        with open(os.path.join(home, "dagster.yaml"), "w", encoding="utf-8") as settings:
            settings.write("telemetry:\n  enabled: false\n")
        os.environ["DAGSTER_HOME"] = home
        with DagsterInstance.from_config(home) as instance:
            result = ask_pedro.execute_in_process(run_config=config, instance=instance)
            print(result.output_for_node("answer"))


if __name__ == "__main__":
    main()
