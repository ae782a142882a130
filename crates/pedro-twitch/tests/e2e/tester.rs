//! [`TwitchTester`]: a bot with its world around it, and the verbs that tests are written in.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use pedro_core::testing::ScriptedModelServer;
use pedro_playground::{ChatLine, Line, Playground, Settings, Twitch};
use serde_json::Value;
use sqlx::{ConnectOptions, PgPool};
use tokio::time::{sleep, timeout};

use crate::bot::{Bot, Environment, Log};
use crate::database::{self, StoredLine};
use crate::proxy::Proxy;

/// How long anything is waited for. Far longer than anything takes: who waits in vain has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// How long a test may take.
const TEST_WITHIN: Duration = Duration::from_secs(300);

/// The channel where things happen unless a test says otherwise.
pub(crate) const TOWN: &str = "pedrotown";

/// The bot's account.
pub(crate) const BOT: &str = "pedro_bot";

/// Must never be seen anywhere.
pub(crate) const TOKEN: &str = "tokenthatnobodymaysee0123456789";

/// What a bot starts with, besides the usual.
#[derive(Default)]
pub(crate) struct Setup {
    /// Besides [`TOWN`].
    pub(crate) channels: Vec<&'static str>,
    /// The communities' YAML.
    pub(crate) config: Option<String>,
    /// More variables, or other values for the usual ones.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// Whether the API may be asked for titles.
    pub(crate) helix: bool,
    /// The bot's way to the database can be cut.
    pub(crate) proxied: bool,
    /// Do not start the bot yet.
    pub(crate) not_started: bool,
}

/// Runs a test with a bot that is in the channel.
pub(crate) async fn run_test(pool: PgPool, test: impl AsyncFnOnce(&mut TwitchTester) -> Result<()>) -> Result<()> {
    Setup::default().run(pool, test).await
}

impl Setup {
    /// Runs a test with a bot that is in its channels. At the end nothing may be left over: see
    /// [`TwitchTester::finish`].
    pub(crate) async fn run(self, pool: PgPool, test: impl AsyncFnOnce(&mut TwitchTester) -> Result<()>) -> Result<()> {
        let not_started = self.not_started;
        let mut tester = TwitchTester::new(pool, self).await?;
        let run = async {
            if !not_started {
                tester.start().await?;
            }
            test(&mut tester).await?;
            tester.finish().await
        };
        let result = timeout(TEST_WITHIN, run).await.context("the test took too long").and_then(|result| result);
        tester.failed = result.is_err();
        result
    }
}

/// A bot, the platform it is on, its model and its database.
pub(crate) struct TwitchTester {
    pub(crate) model: ScriptedModelServer,
    /// The bot's variables; changes count from the next start.
    pub(crate) environment: Environment,
    /// For tests with [`Setup::proxied`].
    pub(crate) proxy: Option<Proxy>,
    playground: Playground,
    pool: PgPool,
    log: Log,
    bot: Option<Bot>,
    starts: usize,
    /// Numbers of the bot's lines that the test has seen.
    read: HashSet<u64>,
    channels: Vec<&'static str>,
    expected_errors: Vec<&'static str>,
    expected_violations: Vec<&'static str>,
    config: Option<PathBuf>,
    http: reqwest::Client,
    failed: bool,
}

impl TwitchTester {
    async fn new(pool: PgPool, setup: Setup) -> Result<Self> {
        let options = pool.connect_options();
        let name = options.get_database().context("the test's database has no name")?.to_owned();
        let playground = Playground::start(Settings::default()).await?;
        let model = ScriptedModelServer::start()?;
        let mut channels = vec![TOWN];
        channels.extend(setup.channels);
        for channel in &channels {
            playground.twitch().add_channel(channel);
        }

        let mut database = options.to_url_lossy();
        let proxy = match setup.proxied {
            true => Some(Proxy::start(options.get_host().to_owned(), options.get_port()).await?),
            false => None,
        };
        if let Some(proxy) = &proxy {
            database.set_ip_host(proxy.address().ip()).ok().context("the database has no host")?;
            database.set_port(Some(proxy.address().port())).ok().context("the database has no port")?;
        }
        let mut environment = Environment::new();
        let mut set = |name: &str, value: String| environment.insert(name.to_owned(), value);
        set("TWITCH_CHANNEL", channels.join(","));
        set("TWITCH_BOT_LOGIN", BOT.to_owned());
        set("TWITCH_TOKEN", format!("oauth:{TOKEN}"));
        set("TWITCH_IRC_URL", playground.irc_url());
        set("TWITCH_HELIX_URL", format!("{}/helix", playground.http_url()));
        set("TWITCH_POLL_INTERVAL", "1s".to_owned());
        set("DATABASE_URL", database.to_string());
        set("LLAMA_CPP_PATH", model.url().to_string());
        set("EMBEDDINGS_MODEL_DIR", embedding_model().display().to_string());
        set("PEDRO_LISTEN", "127.0.0.1:0".to_owned());
        if setup.helix {
            set("TWITCH_ID", "a-client-id".to_owned());
        }
        let mut config = None;
        if let Some(yaml) = setup.config {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.yaml"));
            std::fs::write(&path, yaml)?;
            set("PEDRO_CONFIG", path.display().to_string());
            config = Some(path);
        }
        for (name, value) in setup.environment {
            set(name, value);
        }
        Ok(Self {
            model,
            environment,
            proxy,
            playground,
            pool,
            log: Log::new(&name)?,
            bot: None,
            starts: 0,
            read: HashSet::new(),
            channels,
            expected_errors: Vec::new(),
            expected_violations: Vec::new(),
            config,
            http: reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?,
            failed: false,
        })
    }

    // The world.

    /// The platform.
    pub(crate) fn twitch(&self) -> &Twitch {
        self.playground.twitch()
    }

    /// The database.
    pub(crate) fn db(&self) -> &PgPool {
        &self.pool
    }

    /// What the bot wrote to its log.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// Somebody says something in [`TOWN`]. Answers the line's id.
    pub(crate) fn chat(&self, login: &str, text: &str) -> String {
        self.chat_in(TOWN, login, text)
    }

    /// Somebody says something in a channel.
    pub(crate) fn chat_in(&self, channel: &str, login: &str, text: &str) -> String {
        self.twitch().say(channel, login, text)
    }

    /// Somebody with these badges says something in [`TOWN`].
    pub(crate) fn chat_with_badge(&self, login: &str, badge: &str, text: &str) -> String {
        let badges = vec![(badge.to_owned(), "1".to_owned())];
        let line =
            ChatLine { channel: TOWN.into(), login: login.into(), text: text.into(), badges, ..ChatLine::default() };
        self.twitch().say_as(line)
    }

    /// Somebody answers a line in [`TOWN`].
    pub(crate) fn reply(&self, login: &str, text: &str, reply_to: &str) -> String {
        self.twitch().reply(TOWN, login, text, reply_to)
    }

    /// So much talk that what was said before is no longer among the last lines.
    pub(crate) fn small_talk(&self) {
        for text in [
            "good evening everybody",
            "the new keyboard sounds nice",
            "my cat is asleep on the printer",
            "did somebody order pizza",
            "I like this song a lot",
            "it rains here since noon",
            "brb, tea is ready",
            "the bus was late again today",
            "that colour scheme is lovely",
        ] {
            self.chat("erik", text);
        }
    }

    // What the bot says.

    /// The next line of the bot in [`TOWN`], whatever it is.
    pub(crate) async fn next_line(&mut self) -> Result<Line> {
        self.next_line_in(TOWN).await
    }

    /// The next line of the bot in a channel, whatever it is.
    pub(crate) async fn next_line_in(&mut self, channel: &str) -> Result<Line> {
        let twitch = self.twitch().clone();
        let line = self.while_alive(twitch.next_bot_line(channel, PATIENCE)).await??;
        self.read.insert(line.seq);
        Ok(line)
    }

    /// The next line of the bot in [`TOWN`] that is more than "on it": a busy machine may make it say that at any time.
    pub(crate) async fn next_reply(&mut self) -> Result<Line> {
        self.next_reply_in(TOWN).await
    }

    /// As [`Self::next_reply`], in a channel.
    pub(crate) async fn next_reply_in(&mut self, channel: &str) -> Result<Line> {
        loop {
            let line = self.next_line_in(channel).await?;
            if !is_on_it(&line) {
                return Ok(line);
            }
        }
    }

    /// The text of the next reply in [`TOWN`], which must be to this line.
    pub(crate) async fn next_reply_to(&mut self, id: &str) -> Result<String> {
        let line = self.next_reply().await?;
        ensure!(line.reply_to.as_deref() == Some(id), "expected a reply to {id}, but {line:?} came");
        Ok(line.text)
    }

    /// What the bot said to a line, "on it" left out.
    pub(crate) fn replies_to(&self, id: &str) -> Vec<String> {
        let mut lines: Vec<Line> = self.channels.iter().flat_map(|channel| self.twitch().bot_lines(channel)).collect();
        lines.retain(|line| line.reply_to.as_deref() == Some(id) && !is_on_it(line));
        lines.into_iter().map(|line| line.text).collect()
    }

    // What the model is asked.

    /// The user messages of all requests so far.
    pub(crate) fn prompts(&self) -> Vec<String> {
        self.messages_of("user")
    }

    /// The system messages of all requests so far.
    pub(crate) fn system_messages(&self) -> Vec<String> {
        self.messages_of("system")
    }

    fn messages_of(&self, role: &str) -> Vec<String> {
        let requests = self.model.requests();
        let messages = requests.iter().flat_map(|request| request["messages"].as_array().into_iter().flatten());
        messages.filter(|message| message["role"] == role).map(|message| text_of(&message["content"])).collect()
    }

    /// Waits until the model works on so many generations.
    pub(crate) async fn until_generating(&mut self, count: usize) -> Result<()> {
        self.until("the model is at work", async |t| Ok((t.model.in_flight() == count).then_some(()))).await
    }

    // What is stored.

    /// All lines of chat that are stored, in their order.
    pub(crate) async fn lines(&self) -> Result<Vec<StoredLine>> {
        database::lines(&self.pool).await
    }

    /// Waits until a line is stored. All lines before it have been looked at then.
    pub(crate) async fn until_stored(&mut self, id: &str) -> Result<StoredLine> {
        let what = format!("line {id} is stored");
        let id = id.to_owned();
        self.until(&what, async |t| Ok(t.lines().await?.into_iter().find(|line| line.platform_message_id == id))).await
    }

    /// Says something, and waits until it is stored: all that was said before has been dealt with then.
    pub(crate) async fn settle(&mut self) -> Result<()> {
        let id = self.chat("zoe", "nothing to see here");
        self.until_stored(&id).await.map(drop)
    }

    /// As [`Self::settle`], in a channel.
    pub(crate) async fn until_stored_in(&mut self, channel: &str) -> Result<()> {
        let id = self.chat_in(channel, "zoe", "nothing to see here");
        self.until_stored(&id).await.map(drop)
    }

    /// Waits until every line has its embedding.
    pub(crate) async fn until_embedded(&mut self) -> Result<()> {
        self.settle().await?;
        self.until("all lines are embedded", async |t| {
            let waiting = database::count(t.db(), "select count(*) from pedro.message_unembedded").await?;
            Ok((waiting == 0).then_some(()))
        })
        .await
    }

    /// Waits until no question is open.
    pub(crate) async fn until_all_answered(&mut self) -> Result<()> {
        self.until("no question is open", async |t| {
            let sql = "select count(*) from pedro.question where status in ('queued', 'working', 'sending')";
            Ok((database::count(t.db(), sql).await? == 0).then_some(()))
        })
        .await
    }

    /// Waits until something is so. A bot that ends meanwhile is a failure.
    pub(crate) async fn until<T>(
        &mut self,
        what: &str,
        mut look: impl AsyncFnMut(&mut Self) -> Result<Option<T>>,
    ) -> Result<T> {
        let began = std::time::Instant::now();
        loop {
            if let Some(found) = look(self).await.with_context(|| format!("waiting until {what}"))? {
                return Ok(found);
            }
            self.ensure_alive()?;
            ensure!(began.elapsed() < PATIENCE, "waited in vain until {what}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    // The process.

    /// Starts the bot without waiting for anything but its pages.
    pub(crate) async fn launch(&mut self) -> Result<()> {
        ensure!(self.bot.is_none(), "the bot runs already");
        self.bot = Some(Bot::start(&self.environment, &[], &self.log)?);
        self.starts += 1;
        self.until("the pages are served", async |t| Ok(t.log.address(t.starts))).await.map(drop)
    }

    /// Starts the bot and waits until it is ready.
    pub(crate) async fn start(&mut self) -> Result<()> {
        self.launch().await?;
        self.until_ready().await
    }

    /// Starts the bot if it does not run.
    pub(crate) async fn start_if_down(&mut self) -> Result<()> {
        if self.bot.is_some() { Ok(()) } else { self.start().await }
    }

    /// Kills the bot (SIGKILL).
    pub(crate) async fn kill(&mut self) -> Result<()> {
        self.bot.take().context("no bot runs")?.kill().await
    }

    /// Asks the bot to stop (SIGTERM) and waits for its end.
    pub(crate) async fn terminate(&mut self) -> Result<ExitStatus> {
        self.bot.take().context("no bot runs")?.terminate().await
    }

    /// Runs the binary until it ends. How it ended and what it wrote.
    pub(crate) async fn run_to_its_end(
        &self,
        arguments: &[&str],
        environment: &Environment,
    ) -> Result<(ExitStatus, String)> {
        let before = self.log().len();
        let status = Bot::start(environment, arguments, &self.log)?.wait().await?;
        Ok((status, self.log()[before..].to_owned()))
    }

    /// Waits until `/readyz` is green.
    pub(crate) async fn until_ready(&mut self) -> Result<()> {
        self.until("the bot is ready", async |t| Ok((t.readyz().await?.0 == 200).then_some(()))).await
    }

    /// Waits until `/readyz` is red, and answers with what it says about one of its checks.
    pub(crate) async fn until_red(&mut self, check: &str) -> Result<String> {
        let what = format!("{check} is red");
        self.until(&what, async |t| {
            let (status, page) = t.readyz().await?;
            let found = &page["checks"][check];
            Ok((status == 503 && found["ok"] == false).then(|| text_of(&found["detail"])))
        })
        .await
    }

    fn address(&self) -> Result<String> {
        self.log.address(self.starts).context("the bot's pages are not served")
    }

    /// A page of the bot: status and text.
    pub(crate) async fn page(&self, path: &str) -> Result<(u16, String)> {
        let answer = self.http.get(format!("http://{}{path}", self.address()?)).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// Where the pages are.
    pub(crate) fn listen(&self) -> Result<String> {
        self.address()
    }

    /// `/readyz`.
    pub(crate) async fn readyz(&self) -> Result<(u16, Value)> {
        let (status, text) = self.page("/readyz").await?;
        Ok((status, serde_json::from_str(&text)?))
    }

    /// The sum of a metric over its labels.
    pub(crate) async fn metric(&self, name: &str) -> Result<f64> {
        let (_, text) = self.page("/metrics").await?;
        let mut sum = None;
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').context("a line of metrics without a value")?;
            if series.split('{').next() == Some(name) {
                sum = Some(sum.unwrap_or(0.0) + value.parse::<f64>()?);
            }
        }
        sum.with_context(|| format!("there is no metric {name}"))
    }

    fn ensure_alive(&mut self) -> Result<()> {
        if let Some(bot) = &mut self.bot
            && let Some(status) = bot.ended()?
        {
            self.bot = None;
            bail!("the bot ended by itself: {status}");
        }
        Ok(())
    }

    /// A bot that ends meanwhile ends the wait.
    async fn while_alive<T>(&mut self, work: impl Future<Output = T>) -> Result<T> {
        let mut work = std::pin::pin!(work);
        loop {
            match timeout(Duration::from_millis(500), &mut work).await {
                Ok(done) => return Ok(done),
                Err(_) => self.ensure_alive()?,
            }
        }
    }

    // The end.

    /// Allows errors in the log that have this in them.
    pub(crate) fn expect_error(&mut self, words: &'static str) {
        self.expected_errors.push(words);
    }

    /// Allows violations at the platform that have this in them.
    pub(crate) fn expect_violation(&mut self, words: &'static str) {
        self.expected_violations.push(words);
    }

    /// Stops the bot and looks at what is left: a clean end, nothing said that the test did not read, nothing that
    /// Twitch punishes, no panic, no unexpected error, nothing in the log that does not belong there.
    async fn finish(&mut self) -> Result<()> {
        self.ensure_alive()?;
        if self.bot.is_some() {
            // A generation that never ends would only use up the time to drain, which tests of their own look at.
            if self.model.in_flight() > 0 {
                self.kill().await?;
            } else {
                let status = self.terminate().await?;
                ensure!(status.success(), "the bot ended with {status}");
            }
        }
        database::hang_up(&self.pool).await?;
        self.look_back()
    }

    fn look_back(&self) -> Result<()> {
        let lines = self.channels.iter().flat_map(|channel| self.twitch().bot_lines(channel));
        let unread: Vec<Line> = lines.filter(|line| !self.read.contains(&line.seq) && !is_on_it(line)).collect();
        ensure!(unread.is_empty(), "the bot said what the test did not expect: {unread:#?}");
        let mut violations = self.twitch().violations();
        violations.retain(|violation| !self.expected_violations.iter().any(|expected| violation.contains(expected)));
        ensure!(violations.is_empty(), "Twitch would have punished: {violations:#?}");
        self.look_at_log()
    }

    fn look_at_log(&self) -> Result<()> {
        let log = self.log();
        ensure!(!log.contains("panicked"), "the bot panicked");
        let expected = |line: &&str| !self.expected_errors.iter().any(|words| line.contains(words));
        let errors: Vec<&str> = log.lines().filter(|line| line.contains(" ERROR ")).filter(expected).collect();
        ensure!(errors.is_empty(), "errors were logged: {errors:#?}");
        ensure!(!log.contains(TOKEN), "the token is in the log");
        let password = self.pool.connect_options().to_url_lossy().password().unwrap_or_default().to_owned();
        ensure!(password.len() < 4 || !log.contains(&password), "the database's password is in the log");
        for line in self.channels.iter().flat_map(|channel| self.twitch().lines(channel)) {
            // Short lines may be words of the log's own.
            let is_told = line.text.len() > 12 && log.contains(&line.text);
            ensure!(!is_told, "what was said in chat is in the log: {:?}", line.text);
        }
        Ok(())
    }
}

impl Drop for TwitchTester {
    #[expect(clippy::print_stdout, reason = "shown by the test runner when a test fails")]
    fn drop(&mut self) {
        if self.failed || std::thread::panicking() {
            let said: Vec<String> =
                self.channels.iter().flat_map(|channel| self.twitch().lines(channel)).map(shown).collect();
            println!("--- the chat ---\n{}\n--- the bot's log ---\n{}", said.join("\n"), self.log());
        }
        if let Some(config) = &self.config {
            let _ = std::fs::remove_file(config);
        }
    }
}

fn shown(line: Line) -> String {
    let to = line.reply_to.map(|id| format!(" (to {id})")).unwrap_or_default();
    format!("{} {}{to}: {}", line.id, line.login, line.text)
}

/// Whether a line only says that an answer takes longer.
pub(crate) fn is_on_it(line: &Line) -> bool {
    line.text.starts_with("on it, ")
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The embedding model that `dev/bootstrap` installs, unless another is named.
pub(crate) fn embedding_model() -> PathBuf {
    let set = std::env::var_os("EMBEDDINGS_MODEL_DIR").filter(|dir| !dir.is_empty());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local/models/all-minilm-l6-v2");
    set.map_or(root, PathBuf::from)
}
