//! A PostgreSQL server of a test's own, which is stopped and started as an operator does it, or as a crash does.

use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use tokio::time::sleep;

use crate::tester::PATIENCE;

/// How a server ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// `pg_ctl stop -m fast`, as a restart by an operator: sessions are ended, transactions are rolled back.
    Fast,
    /// `pg_ctl stop -m immediate`, as good as a crash: the next start recovers from the write-ahead log.
    Immediate,
}

impl End {
    fn signal(self) -> &'static str {
        match self {
            Self::Fast => "INT",
            Self::Immediate => "QUIT",
        }
    }
}

/// A server with its folder. Dropping it stops the one and removes the other; a test that is killed takes its server with
/// it.
pub(crate) struct Postgres {
    binaries: PathBuf,
    /// PostgreSQL refuses to run as root: it runs as whoever the server of the other tests runs as.
    user: (u32, u32),
    folder: PathBuf,
    port: u16,
    server: Option<Child>,
}

impl Postgres {
    /// Makes a server of the same installation as the one of `DATABASE_URL`, and starts it.
    pub(crate) async fn start() -> Result<Self> {
        let (binaries, user) = installation().await?;
        let port = free_port()?;
        let folder = std::env::temp_dir().join(format!("pedro-postgres-{}-{port}", std::process::id()));
        std::fs::create_dir(&folder)?;
        let mut this = Self { binaries, user, folder, port, server: None };
        if is_root()? {
            chown(&this.folder, Some(user.0), Some(user.1))?;
        }
        let data = this.data();
        let made = this
            .command("initdb")?
            .args(["--username=pedro", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--pgdata"])
            .arg(&data)
            .status()?;
        ensure!(made.success(), "initdb failed: {}", this.log());
        this.go_on().await?;
        Ok(this)
    }

    /// A database of this name, and a pool for the test.
    pub(crate) async fn create_database(&self, name: &str) -> Result<PgPool> {
        let mut connection = PgConnection::connect_with(&self.options("postgres")).await?;
        sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&mut connection).await?;
        connection.close().await?;
        Ok(PgPoolOptions::new().max_connections(4).connect_lazy_with(self.options(name)))
    }

    /// Stops the server, and waits until it is gone.
    pub(crate) async fn end(&mut self, how: End) -> Result<()> {
        let mut server = self.server.take().context("the server does not run")?;
        signal(&server, how.signal())?;
        let began = Instant::now();
        while server.try_wait()?.is_none() {
            ensure!(began.elapsed() < PATIENCE, "the server does not stop: {}", self.log());
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Starts the server that was stopped, and waits until it answers.
    pub(crate) async fn go_on(&mut self) -> Result<()> {
        let data = self.data();
        let port = self.port.to_string();
        // The disk is not waited for: what ends here is the server, not the machine.
        let started = self
            .command("postgres")?
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"])
            .args(["-c", "shared_buffers=32MB", "-p", &port, "-D"])
            .arg(data)
            .spawn()?;
        let server = self.server.insert(started);
        let began = Instant::now();
        loop {
            if let Some(status) = server.try_wait()? {
                bail!("the server ended with {status}: {}", self.log());
            }
            if let Ok(connection) = PgConnection::connect_with(&options(self.port, "postgres")).await {
                connection.close().await?;
                return Ok(());
            }
            ensure!(began.elapsed() < PATIENCE, "the server does not start: {}", self.log());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the server and its tools wrote.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn options(&self, database: &str) -> PgConnectOptions {
        options(self.port, database)
    }

    /// One of PostgreSQL's programs, as its user. It dies with us, however we end.
    fn command(&self, program: &str) -> Result<Command> {
        let mut command = Command::new("setpriv");
        if is_root()? {
            command.arg(format!("--reuid={}", self.user.0)).arg(format!("--regid={}", self.user.1));
            command.arg("--clear-groups");
        }
        let log = OpenOptions::new().create(true).append(true).open(self.folder.join("log"))?;
        command
            .args(["--pdeathsig", End::Immediate.signal()])
            .arg(self.binaries.join(program))
            .current_dir(&self.folder)
            .env_clear()
            .env("LANG", "C.UTF-8")
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            // The libraries that the installation brings along.
            .env("LD_LIBRARY_PATH", self.binaries.join("../lib"))
            .stdin(Stdio::null())
            .stdout(File::try_clone(&log)?)
            .stderr(log);
        Ok(command)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = signal(&server, End::Immediate.signal());
            let _ = server.wait();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Where the programs of the tests' server are, and whose they are.
async fn installation() -> Result<(PathBuf, (u32, u32))> {
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL is not set: run `make db` and `. .local/env`")?;
    let mut connection = PgConnection::connect(&url).await?;
    let found: (String, String) = sqlx::query_as(
        "select setting, current_setting('data_directory') from pg_catalog.pg_config where name = 'BINDIR'",
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    let data = std::fs::metadata(&found.1).with_context(|| {
        format!("the server of DATABASE_URL keeps its data in {}, which is not here: start it with `make db`", found.1)
    })?;
    Ok((PathBuf::from(found.0), (data.uid(), data.gid())))
}

fn options(port: u16, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(port).username("pedro").database(database)
}

fn is_root() -> Result<bool> {
    Ok(std::fs::metadata(Path::new("/proc/self"))?.uid() == 0)
}

fn signal(server: &Child, signal: &str) -> Result<()> {
    let sent = Command::new("kill").args(["-s", signal, &server.id().to_string()]).status()?;
    ensure!(sent.success(), "SIG{signal} could not be sent to the server");
    Ok(())
}

/// A port that stays free while the server is down: below those that the system gives away by itself.
fn free_port() -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let spread = std::process::id() as u16 % 1_000;
    for _ in 0..500 {
        let port = 20_000 + spread * 10 + NEXT.fetch_add(1, Ordering::Relaxed) % 500;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port was found")
}
