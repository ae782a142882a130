//! A model server on a real socket, in a thread of its own.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use axum::serve::ListenerExt;
use serde_json::Value;
use tokio::sync::oneshot;
use url::Url;

use super::{DEFAULT_ANSWER, Turn, routes};
use crate::llm::ModelServer;

/// Speaks llama.cpp's routes on 127.0.0.1 and does what the script says: `POST /v1/chat/completions` (stream or not),
/// `GET /props`, `/health`, `/v1/models`.
///
/// It runs in its own thread and runtime, so that [`ScriptedModelServer::stop`] breaks every connection at once, as the
/// end of a process does. Dropping it stops it.
pub struct ScriptedModelServer {
    address: SocketAddr,
    state: Shared,
    running: Option<Running>,
}

struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

type Reply = Box<dyn Fn(&Value) -> String + Send>;

/// What the script and the routes share.
pub(super) struct State {
    turns: VecDeque<Turn>,
    reply: Reply,
    pub(super) requests: Vec<Value>,
    pub(super) in_flight: usize,
    connections: usize,
    pub(super) loading: bool,
    pub(super) released: bool,
    /// `None`: a server without llama.cpp's routes.
    pub(super) slots: Option<u32>,
}

#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panicked elsewhere has already failed; its state is still good to look at.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Records a request and says what to do with it.
    pub(super) fn take_turn(&mut self, request: Value) -> Turn {
        let turn = match self.turns.pop_front() {
            None => Turn::Say((self.reply)(&request)),
            Some(Turn::ReplyAfter(before)) => Turn::SayAfter(before, (self.reply)(&request)),
            Some(turn) => turn,
        };
        self.requests.push(request);
        turn
    }
}

impl ScriptedModelServer {
    /// Starts on a free port, ready, with one slot and an empty script.
    ///
    /// # Errors
    /// If no port or no thread is to be had.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let state = State {
            turns: VecDeque::new(),
            reply: Box::new(|_| DEFAULT_ANSWER.to_owned()),
            requests: Vec::new(),
            in_flight: 0,
            connections: 0,
            loading: false,
            released: false,
            slots: Some(1),
        };
        let mut server =
            Self { address: listener.local_addr()?, state: Shared(Arc::new(Mutex::new(state))), running: None };
        server.serve(listener)?;
        Ok(server)
    }

    /// Its address, for the code under test.
    pub fn server(&self) -> ModelServer {
        ModelServer::new(self.url())
    }

    /// Its base URL, without `/v1`.
    pub fn url(&self) -> Url {
        let mut url = Url::parse("http://127.0.0.1/").unwrap_or_else(|_| unreachable!("a constant URL"));
        let _same_host = url.set_port(Some(self.address.port()));
        url
    }

    /// Adds a turn to the script.
    pub fn push(&self, turn: Turn) {
        self.state.lock().turns.push_back(turn);
    }

    /// What to say to a request when the script is at its end; the function sees the request's body.
    pub fn reply_with(&self, reply: impl Fn(&Value) -> String + Send + 'static) {
        self.state.lock().reply = Box::new(reply);
    }

    /// The bodies of all generation requests so far, those refused while loading included.
    pub fn requests(&self) -> Vec<Value> {
        self.state.lock().requests.clone()
    }

    /// Generations it is working on now.
    pub fn in_flight(&self) -> usize {
        self.state.lock().in_flight
    }

    /// Connections that it has taken so far.
    pub fn connections(&self) -> usize {
        self.state.lock().connections
    }

    /// While true it answers 503 "Loading model" to everything, as llama.cpp does after its start.
    pub fn set_loading(&self, loading: bool) {
        self.state.lock().loading = loading;
    }

    /// Lets what is held ([`Turn::SayHeld`]) be written, now and from now on.
    pub fn release(&self) {
        self.state.lock().released = true;
    }

    /// How many slots `/props` tells.
    pub fn set_slots(&self, slots: u32) {
        self.state.lock().slots = Some(slots);
    }

    /// Makes it a server that is not llama.cpp: neither `/props` nor `/health`.
    pub fn hide_llama_routes(&self) {
        self.state.lock().slots = None;
    }

    /// Breaks all connections and closes the port.
    pub fn stop(&mut self) {
        if let Some(Running { stop, thread }) = self.running.take() {
            // A receiver or a thread that is gone already is what we want.
            let _gone = stop.send(());
            let _ended = thread.join();
        }
        self.state.lock().in_flight = 0;
    }

    /// Comes up again on the same port, with the script where it was.
    ///
    /// # Errors
    /// If somebody else has taken the port.
    pub fn restart(&mut self) -> io::Result<()> {
        self.stop();
        let listener = TcpListener::bind(self.address)?;
        self.serve(listener)
    }

    fn serve(&mut self, listener: TcpListener) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let router = routes::router(self.state.clone());
        let state = self.state.clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name("scripted-model".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                let listener = listener.tap_io(move |_| state.lock().connections += 1);
                tokio::select! {
                    _ = axum::serve(listener, router) => {}
                    _ = stopped => {}
                }
            });
        })?;
        self.running = Some(Running { stop, thread });
        Ok(())
    }
}

impl Drop for ScriptedModelServer {
    fn drop(&mut self) {
        self.stop();
    }
}
