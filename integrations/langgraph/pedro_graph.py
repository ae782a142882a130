"""A LangGraph graph that drives Pedro's steps over HTTP.

    web ------+
              +--> answer
    memory ---+

`web` has Pedro search the web, `memory` has it search what was said in chat: side by side. `answer` has it write the
answer from what the two brought. The graph decides what is done and in which order; Pedro does it, with the same limits
as in a plan of its own.

    python pedro_graph.py "what did we say about GopherCon?"

PEDRO_URL is the address of the bot's pages, PEDRO_API_TOKEN the token of its HTTP API.
"""

import operator
import os
import sys
from typing import Annotated, TypedDict

import requests
from langgraph.graph import END, START, StateGraph

PEDRO_URL = os.environ.get("PEDRO_URL", "http://127.0.0.1:6061").rstrip("/")
PEDRO_API_TOKEN = os.environ.get("PEDRO_API_TOKEN", "")

# A local model may take its time. Pedro ends a step by itself after ten minutes.
TIMEOUT_SECONDS = 11 * 60


class State(TypedDict):
    """What the nodes read and write."""

    question: str
    # Two nodes write here in the same moment: their lists are put together.
    results: Annotated[list[str], operator.add]
    answer: str


def step(action: str, **params) -> dict:
    """Has Pedro carry out one step, and says what came of it: `status`, `result`, `note`, `citations`."""
    response = requests.post(
        f"{PEDRO_URL}/v1/steps",
        json={"action": action, "params": params},
        headers={"Authorization": f"Bearer {PEDRO_API_TOKEN}"},
        timeout=TIMEOUT_SECONDS,
    )
    done = response.json()
    # Not 200: the step was not even begun. Pedro says why in a sentence.
    if response.status_code != 200:
        raise SystemExit(f"Pedro refused the step {action}: {done['error']['message']}")
    return done


def searched(action: str, state: State) -> dict:
    """Searches, and goes on without a result if there is none."""
    done = step(action, query=state["question"])
    if done["status"] != "succeeded":
        print(f"{action}: nothing, because {done['note']}", file=sys.stderr)
        return {"results": []}
    return {"results": [done["result"]]}


def web(state: State) -> dict:
    return searched("web_search", state)


def memory(state: State) -> dict:
    return searched("reference_check", state)


def answer(state: State) -> dict:
    done = step("return_response", question=state["question"], results=state["results"])
    if done["status"] != "succeeded":
        raise SystemExit(f"Pedro has no answer, because {done['note']}")
    return {"answer": done["result"]}


def build():
    """The graph: two searches from the start, and the answer after both."""
    graph = StateGraph(State)
    graph.add_node("web", web)
    graph.add_node("memory", memory)
    graph.add_node("write_answer", answer)
    graph.add_edge(START, "web")
    graph.add_edge(START, "memory")
    # A list: the node waits for all of them.
    graph.add_edge(["web", "memory"], "write_answer")
    graph.add_edge("write_answer", END)
    return graph.compile()


def main() -> None:
    question = " ".join(sys.argv[1:]).strip()
    if not question:
        raise SystemExit('usage: python pedro_graph.py "a question"')
    print(build().invoke({"question": question, "results": []})["answer"])


if __name__ == "__main__":
    main()
