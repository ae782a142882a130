//! Running `pedro` and reading what it says.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use sqlx::{ConnectOptions, PgPool};

/// What a run ended with.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    fn new(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The output of a run that went well.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    /// The errors of a run that failed.
    #[track_caller]
    pub(crate) fn failed(self) -> String {
        assert_eq!(self.code, 1, "{}{}", self.out, self.err);
        self.err
    }

    /// The output of a run that ended with exit code 1.
    #[track_caller]
    pub(crate) fn failed_with_out(self) -> String {
        assert_eq!(self.code, 1, "{}{}", self.out, self.err);
        self.out
    }

    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }
}

/// `pedro` with nothing in its environment but a database, if one is given.
pub(crate) fn pedro(pool: Option<&PgPool>, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pedro"));
    command.env_clear().args(arguments).stdin(Stdio::null());
    command.env("EMBEDDINGS_MODEL_DIR", model_dir());
    // Tests ask nobody outside this machine.
    command.env("SEARCH_PROVIDERS", "none");
    if let Some(pool) = pool {
        command.env("DATABASE_URL", pool.connect_options().to_url_lossy().as_str());
    }
    command
}

/// Runs a command to its end, on a thread of its own: the test's runtime may have to serve it.
pub(crate) async fn end(mut command: Command) -> Ended {
    Ended::new(tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap())
}

/// The same, with something typed.
pub(crate) async fn end_with_input(mut command: Command, input: &'static str) -> Ended {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let run = move || {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    Ended::new(tokio::task::spawn_blocking(run).await.unwrap())
}

pub(crate) async fn run(pool: &PgPool, arguments: &[&str]) -> Ended {
    end(pedro(Some(pool), arguments)).await
}

/// The embedding model that `make try` installs.
pub(crate) fn model_dir() -> PathBuf {
    let named = std::env::var_os("EMBEDDINGS_MODEL_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let dir = named
        .unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.local/models/all-minilm-l6-v2")));
    assert!(
        dir.is_dir(),
        "no embedding model in {}: run dev/bootstrap, or name one by EMBEDDINGS_MODEL_DIR",
        dir.display()
    );
    dir
}

/// A file that is gone with the test.
pub(crate) struct TempDir(pub(crate) PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("pedro-admin-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
