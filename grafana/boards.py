"""Pedro's dashboards: what is on them. dev/check-monitoring runs every query against a real Prometheus."""

from grafana_foundation_sdk.builders import dashboard

from panels import big, board, falling, levels, lines, rising, words

# Counts in a window of its own, so that a quiet hour shows what was and not nothing.
DAY = "[24h]"
RATE = "[$__rate_interval]"


def a_minute(metric, labels=""):
    return f"sum(rate({metric}{{{labels}}}{RATE})) * 60"


def quantile(q, histogram, labels, *by, window=RATE):
    groups = ", ".join(["le", *by])
    return f"histogram_quantile({q}, sum by ({groups}) (rate({histogram}_bucket{{{labels}}}{window})))"


def connection(job, platform):
    """Is it there, does it hear, does it answer: the top of a bot's dashboard."""
    here = f'job="{job}"'
    answers = f'{here}, platform="{platform}", kind="answer"'
    return [
        big("Connected", f"min(pedro_connected{{{here}}})", "none", "1 only while events really arrive.",
            levels("red", (1, "green")), mappings=words({0: "AWAY", 1: "HERE"})),
        big("Last heard", f"max(pedro_last_event_age_seconds{{{here}}})", "s",
            "How long ago the platform was last heard, chat or not.", rising(120, 300), decimals=0),
        big("Questions waiting", f"sum(pedro_queue_depth{{{here}}})", "short",
            "Accepted and not yet answered.", rising(5, 50), decimals=0),
        big("Waiting longest", f"max(pedro_queue_oldest_seconds{{{here}}})", "s",
            "How long ago the oldest of these questions was asked.", rising(300, 1200), decimals=0),
        big("Time to answer", quantile(0.5, "pedro_reply_duration_seconds", answers, window="[6h]"), "s",
            "Half of the answers of the last six hours took less, message in to reply out.", rising(120, 300)),
    ]


def process(job):
    here = f'job="{job}"'
    return [
        lines("Processor", "percentunit", "1 is one core.", (f"rate(process_cpu_seconds_total{{{here}}}{RATE})", "used"), width=8),
        lines("Resident memory", "bytes", "What the process holds.", (f"process_resident_memory_bytes{{{here}}}", "held"), width=8),
        lines("Delay of tasks", "s", "How much later than its time a task is polled: high when something blocks the runtime.",
              (quantile(0.99, "tokio_poll_delay_seconds", here), "99 %"), width=8),
    ]


def twitch():
    job = "pedro-twitch"
    here = f'job="{job}"'
    return [
        *connection(job, "twitch"),
        big("Signed in for", f"min(pedro_token_expiry_seconds{{{here}}})", "s",
            "Until Twitch's token ends. It is renewed 10 minutes before. 0: nobody is signed in. None: it has no end.",
            falling(300, 600), decimals=0),
        lines("Chat", "short", "Lines a minute.",
              (a_minute("twitch_message_recieved_count", here), "heard"), (a_minute("twitch_message_sent_count", here), "said")),
        lines("Time to reply", "s", "From message in to reply out.",
              (quantile(0.5, "pedro_reply_duration_seconds", here, "kind"), "{{kind}}, half"),
              (quantile(0.95, "pedro_reply_duration_seconds", here, "kind"), "{{kind}}, 95 %")),
        lines("Questions", "short", "Accepted and not yet answered.", (f"sum(pedro_queue_depth{{{here}}})", "waiting")),
        lines("Trouble", "short", "How often in the last five minutes.",
              (f"sum(increase(twitch_message_rejected_count{{{here}}}[5m]))", "rejected by Twitch"),
              (f"sum(increase(pedro_rate_limit_waits_total{{{here}}}[5m]))", "waited for a limit"),
              (f"sum(increase(pedro_reconnects_total{{{here}}}[5m]))", "connected anew"),
              (f"sum(increase(pedro_messages_dropped_total{{{here}}}[5m]))", "lost"),
              (f"sum(increase(twitch_connection_count{{{here}}}[5m]))", "connections"), stacked=True),
        *process(job),
    ]


def discord():
    job = "pedro-discord"
    here = f'job="{job}"'
    return [
        *connection(job, "discord"),
        big("Commands today", f"sum(increase(discord_command_total{{{here}}}{DAY}))", "short",
            "Slash commands in the last 24 hours.", decimals=0),
        lines("Chat", "short", "Messages a minute.",
              (a_minute("discord_message_recieved", here), "heard"), (a_minute("discord_message_sent", here), "said")),
        lines("Slash commands", "short", "By command, in the last five minutes.",
              (f"sum by (command) (increase(discord_command_total{{{here}}}[5m])) > 0", "/{{command}}"), stacked=True),
        lines("Time to the final answer", "s", "95 of 100 commands took less. /askpedro has the model in it.",
              (quantile(0.95, "discord_command_duration_seconds", here, "command"), "/{{command}}")),
        lines("Trouble", "short", "How often in the last five minutes.",
              (f"sum(increase(discord_command_errors{{{here}}}[5m]))", "commands failed"),
              (f"sum(increase(pedro_rate_limit_waits_total{{{here}}}[5m]))", "waited for a limit"),
              (f"sum(increase(pedro_reconnects_total{{{here}}}[5m]))", "connected anew"),
              (f"sum(increase(pedro_messages_dropped_total{{{here}}}[5m]))", "lost"), stacked=True),
        lines("Twenty questions", "short", "Games since the bot's start, as Pedro sees them: won means that he guessed the thing.",
              (f"sum by (status) (discord_stump_pedro_games_total{{{here}}})", "{{status}}")),
        lines("Questions", "short", "Accepted and not yet answered.", (f"sum(pedro_queue_depth{{{here}}})", "waiting")),
        *process(job),
    ]


def planner():
    done = "pedro_plans_total"
    return [
        big("Plans today", f"sum(increase({done}{DAY}))", "short", "Plans that came to an end in the last 24 hours.", decimals=0, width=6),
        big("Succeeded", f'sum(increase({done}{{outcome="succeeded"}}{DAY})) / (sum(increase({done}{DAY})) > 0)', "percentunit",
            "Of the plans of the last 24 hours.", falling(0.5, 0.8), decimals=0, width=6),
        big("Steps that failed", f'sum(increase(pedro_plan_steps_total{{outcome="failed"}}{DAY})) / (sum(increase(pedro_plan_steps_total{DAY})) > 0)',
            "percentunit", "Of the steps of the last 24 hours. Plans go on without them.", rising(0.2, 0.5), decimals=0, width=6),
        big("Searches that found something",
            f"sum(increase(web_search_success_count{DAY})) / (sum(increase(web_search_success_count{DAY}) + increase(web_search_fail_count{DAY})) > 0)",
            "percentunit", "Of the attempts of the last 24 hours: one query, one provider.", falling(0.3, 0.6), decimals=0, width=6),
        lines("Plans", "short", "That came to an end in the last five minutes.",
              (f"sum by (outcome) (increase({done}[5m]))", "{{outcome}}"), stacked=True),
        lines("Steps", "short", "That came to an end in the last five minutes.",
              ("sum by (action, outcome) (increase(pedro_plan_steps_total[5m])) > 0", "{{action}} {{outcome}}"), stacked=True),
        lines("Time of a step", "s", "95 of 100 took less.",
              (quantile(0.95, "pedro_plan_step_duration_seconds", "", "action"), "{{action}}")),
        lines("Searches of the web", "short", "Attempts in the last five minutes: one query, one provider.",
              ("sum(increase(web_search_success_count[5m]))", "found something"),
              ("sum(increase(web_search_fail_count[5m]))", "failed or found nothing"), stacked=True),
        lines("Time to plan", "s", "The model's calls that make plans, and those that judge whether one is needed.",
              (quantile(0.5, "pedro_generation_duration_seconds", 'purpose=~"plan|judge"', "purpose"), "{{purpose}}, half"),
              (quantile(0.95, "pedro_generation_duration_seconds", 'purpose=~"plan|judge"', "purpose"), "{{purpose}}, 95 %")),
        lines("Pages and API", "s", "95 of 100 requests to the bots' own pages, and answered questions (ask), took less.",
              (quantile(0.95, "http_request_duration_seconds", "", "handler"), "{{handler}}"), bound=2),
    ]


def speed(what):
    """llama.cpp has a gauge for this, which begins anew at every scrape: in a quiet moment it says 0."""
    tokens = "llamacpp:prompt_tokens_total" if what == "prompt" else "llamacpp:tokens_predicted_total"
    return f"sum(increase({tokens}[6h])) / (sum(increase(llamacpp:{what}_seconds_total[6h])) > 0)"


def model():
    good, failed, empty = "successful_llm_gen_count", "failed_llm_gen_count", "empty_llm_response_count"
    everything = " + ".join(f"sum(increase({name}{DAY}))" for name in (good, failed, empty))
    return [
        big("Tells its figures", 'min(up{job="llama-cpp"})', "none", "Whether the model server's /metrics answer: it needs --metrics.",
            levels("red", (1, "green")), mappings=words({0: "AWAY", 1: "HERE"})),
        big("Writes", speed("tokens_predicted"), "none", "Tokens a second while it writes, of the last six hours.", decimals=1),
        big("Reads", speed("prompt"), "none", "Tokens a second while it reads the prompt, of the last six hours.", decimals=0),
        big("At work", "sum(llamacpp:requests_processing)", "short", "Generations under way.", decimals=0),
        big("Deferred", "sum(llamacpp:requests_deferred)", "short",
            "Requests that found no slot. Pedro asks for one first, so: somebody else uses the server.", rising(1, 5), decimals=0),
        big("Succeeded", f"sum(increase({good}{DAY})) / ({everything} > 0)", "percentunit", "Of the calls of the last 24 hours.",
            falling(0.8, 0.95), decimals=0),
        lines("Time of a call", "s", "By purpose; half, and 95 of 100, took less.",
              (quantile(0.5, "pedro_generation_duration_seconds", "", "purpose"), "{{purpose}}, half"),
              (quantile(0.95, "pedro_generation_duration_seconds", "", "purpose"), "{{purpose}}, 95 %")),
        lines("Tokens", "short", "A second, of all calls together, as llama.cpp counts.",
              (f"sum(rate(llamacpp:prompt_tokens_total{RATE}))", "read"), (f"sum(rate(llamacpp:tokens_predicted_total{RATE}))", "written")),
        lines("Calls", "short", "In the last five minutes, by purpose.",
              ("sum by (purpose) (increase(pedro_model_requests_total[5m])) > 0", "{{purpose}}"), stacked=True),
        lines("Failures", "short", "In the last five minutes, by reason.",
              ("sum by (reason) (increase(pedro_model_failures_total[5m]))", "{{reason}}"),
              ("sum(increase(pedro_answers_withheld_total[5m]))", "answer withheld"), stacked=True),
        lines("Busy slots", "short", "On average, each time that llama.cpp computes.",
              ("max(llamacpp:n_busy_slots_per_decode)", "slots")),
        lines("Tokens by Pedro's count", "short", "A second: what the bots had read and written.",
              (f"sum by (kind) (rate(pedro_generation_tokens_total{RATE}))", "{{kind}}")),
    ]


def memory():
    return [
        big("Stored today", f"sum(increase(pedro_messages_stored_total{DAY}))", "short", "Messages in the last 24 hours.", decimals=0),
        big("Lost", f'sum(increase(pedro_messages_dropped_total{{reason!="busy"}}{DAY}))', "short",
            "Messages of the last 24 hours that were not stored.", rising(1, 1), decimals=0),
        big("Wait to be stored", "sum(pedro_messages_waiting)", "short", "Many while the database is away; there is room for 20,000.",
            rising(500, 2000), decimals=0),
        big("Without embedding", "max(pedro_embedding_lag_messages)", "short", "Found by their words only, until they have one.",
            rising(100, 500), decimals=0),
        big("Time of a search", quantile(0.95, "pedro_retrieval_duration_seconds", "", window="[6h]"), "s",
            "95 of 100 searches of the last six hours took less.", rising(0.5, 2)),
        big("Database", 'min(pedro_ready{check="database"})', "none", "Whether PostgreSQL answers.", levels("red", (1, "green")),
            mappings=words({0: "AWAY", 1: "HERE"})),
        lines("Messages stored", "short", "A minute.", (f"sum by (platform) (rate(pedro_messages_stored_total{RATE})) * 60", "{{platform}}")),
        lines("Searches of the memory", "s", "Half, and 95 of 100, took less.",
              (quantile(0.5, "pedro_retrieval_duration_seconds", ""), "half"), (quantile(0.95, "pedro_retrieval_duration_seconds", ""), "95 %")),
        lines("Messages found", "short", "By one search: half of them, and nine of ten, found fewer.",
              (quantile(0.5, "pedro_retrieval_hits", ""), "half"), (quantile(0.9, "pedro_retrieval_hits", ""), "90 %")),
        lines("Embeddings", "short", "A minute, and messages that wait for one.",
              (f"sum by (outcome) (rate(pedro_embeddings_total{RATE})) * 60", "{{outcome}}"), ("max(pedro_embedding_lag_messages)", "waiting")),
        lines("Pedro's own time", "s", "95 of 100 took less: storing a message, gathering what an answer needs, waiting for a worker, sending.",
              (quantile(0.95, "pedro_overhead_duration_seconds", "", "stage"), "{{stage}}")),
        lines("Deleted by age, lost", "short", "In the last hour.",
              ("sum(increase(pedro_messages_expired_total[1h]))", "deleted by age"),
              ("sum by (reason) (increase(pedro_messages_dropped_total[1h]))", "{{reason}}"), stacked=True),
    ]


def boards():
    """Each dashboard, by the name of its file."""
    made = {
        "pedro-twitch": ("Pedro on Twitch", "Is Pedro in chat, does he answer, how long does it take.", twitch()),
        "pedro-discord": ("Pedro on Discord", "Is Pedro there, does he answer, which commands are used.", discord()),
        "pedro-planner": ("Pedro plans", "Plans, their steps, searches of the web.", planner()),
        "pedro-model": ("Pedro's model", "The language model, by llama.cpp's figures and by the bots'.", model()),
        "pedro-memory": ("Pedro's memory", "What is stored, embedded and found.", memory()),
    }
    return {uid: board(uid, title, words_, panels) for uid, (title, words_, panels) in made.items()}


def everything():
    """All of them as one, to import by hand."""
    parts = [("Twitch", twitch), ("Discord", discord), ("Plans", planner), ("Model", model), ("Memory", memory)]
    panels = [panel for title, part in parts for panel in [dashboard.Row(title), *part()]]
    return board("pedro", "Pedro", "Everything on one page. The dashboards of grafana/dashboards/ show the same one by one.", panels)
