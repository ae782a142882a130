"""A small llama.cpp server with its usual routes (/health, /props, /slots, /metrics, /v1/...).

usage: model_server.py --port PORT [--slots N] [--context TOKENS] MODEL.gguf
"""

import argparse
import os
import signal

import xllamacpp

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--slots", type=int, default=1, help="how many answers at once")
parser.add_argument("--context", type=int, default=4096, help="tokens per slot")
arguments = parser.parse_args()

threads = min(2, os.cpu_count() or 1)
params = xllamacpp.CommonParams()
params.model.path = arguments.model
params.model_alias = {"smollm2"}
params.hostnames = ["127.0.0.1"]
params.port = arguments.port
params.n_parallel = arguments.slots
params.n_ctx = arguments.context * arguments.slots  # llama.cpp divides it among the slots
params.cpuparams.n_threads = threads
params.cpuparams_batch.n_threads = threads
params.n_gpu_layers = 0
params.endpoint_metrics = True
params.endpoint_slots = True

# The server answers from threads of its own; this one only waits for the signal to end.
# Blocked before those threads exist, so that none of them takes it.
signals = {signal.SIGTERM, signal.SIGINT}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
server = xllamacpp.Server(params)
print(f"listening on {server.listening_address}", flush=True)
signal.sigwait(signals)
os._exit(0)  # nothing to save; an unfinished answer must not hold up the end
