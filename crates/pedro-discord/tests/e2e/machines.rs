//! One bot on several machines: what one of them leaves undone another finishes, and nothing is answered twice.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pedro_core::testing::way::{Proxy, Way};
use pedro_core::testing::{ScriptedModelServer, Turn};
use pedro_playground::discord::{Message, Snowflake};
use pedro_playground::{Discord, Playground, Settings};
use sqlx::{ConnectOptions, PgPool};
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::bot::Log;
use crate::database;
use crate::network::{self, Namespace};
use crate::tester::chat::is_final;
use crate::tester::{PATIENCE, PROGRAM, embedding_model};

/// What the machine that keeps its connections answers.
const PROMPT: &str = "scripted answer";

/// What is around the machines.
struct World {
    discord: Discord,
    model: ScriptedModelServer,
    pool: PgPool,
    host: Ipv4Addr,
    /// A channel of a guild of the first shard, and one of the second.
    channels: [Snowflake; 2],
    playground: Playground,
}

/// A process with its own ways to everything, in a namespace of its own if it has one.
struct Machine {
    process: Child,
    log: Log,
    database: Proxy,
    others: Vec<Proxy>,
    namespace: Option<Namespace>,
}

impl World {
    /// `host`: where machines find everything.
    async fn build(pool: PgPool, host: Ipv4Addr) -> Result<Self> {
        let settings = Settings { listen: (host, 0).into(), ..Settings::default() };
        let playground = Playground::start(settings).await?;
        let discord = playground.discord().clone();
        discord.set_shards(2, 2);
        discord.set_heartbeat_interval(Duration::from_secs(2));
        let channels = [channel_of_shard(&discord, 0)?, channel_of_shard(&discord, 1)?];
        let model = ScriptedModelServer::start()?;
        model.set_slots(8);
        Ok(Self { discord, model, pool, host, channels, playground })
    }

    /// Starts a machine that has this shard of two.
    async fn start(&self, shard: u64, namespace: Option<Namespace>) -> Result<Machine> {
        let options = self.pool.connect_options();
        let database = Proxy::start(self.host, options.get_host().to_owned(), options.get_port()).await?;
        let mut url = options.to_url_lossy();
        url.set_ip_host(self.host.into()).ok().context("the database has no host")?;
        url.set_port(Some(database.address().port())).ok().context("the database has no port")?;
        let mut environment = BTreeMap::from([
            ("DISCORD_TOKEN", "anything".to_owned()),
            ("DISCORD_SHARDS", format!("{shard}/2")),
            ("DATABASE_URL", url.to_string()),
            ("EMBEDDINGS_MODEL_DIR", embedding_model().display().to_string()),
            ("PEDRO_LISTEN", "127.0.0.1:0".to_owned()),
        ]);
        let mut others = Vec::new();
        for (name, url) in
            [("LLAMA_CPP_PATH", self.model.url().to_string()), ("DISCORD_API_URL", self.playground.http_url())]
        {
            let url: reqwest::Url = url.parse()?;
            let host = url.host_str().context("no host")?.to_owned();
            let way = Proxy::start(self.host, host, url.port().context("no port")?).await?;
            environment.insert(name, format!("http://{}", way.address()));
            others.push(way);
        }
        let name = options.get_database().unwrap_or_default();
        let log = Log::new(&format!("{name}-machine-{shard}-{}", self.discord.identifies()))?;
        let mut command = match &namespace {
            Some(namespace) => {
                let mut command = Command::new(network::program()?);
                command.args(["netns", "exec", &namespace.name, PROGRAM]);
                command
            }
            None => Command::new(PROGRAM),
        };
        command.env_clear().envs(environment).stdin(std::process::Stdio::null());
        let process = command.stdout(log.append()?).stderr(log.append()?).kill_on_drop(true).spawn()?;
        let machine = Machine { process, log, database, others, namespace };
        self.until(&format!("shard {shard} is there"), async |world| {
            Ok(world.discord.shards().contains(&shard).then_some(()))
        })
        .await
        .with_context(|| machine.log.text())?;
        Ok(machine)
    }

    async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut(&Self) -> Result<Option<T>>) -> Result<T> {
        let began = Instant::now();
        loop {
            if let Some(found) = look(self).await? {
                return Ok(found);
            }
            ensure!(began.elapsed() < PATIENCE, "waited in vain until {what}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn until_generating(&self, count: usize) -> Result<()> {
        self.until(&format!("{count} generations run"), async |world| {
            Ok((world.model.in_flight() == count).then_some(()))
        })
        .await
    }

    /// Waits until so many questions have come to their end, and none is open.
    async fn until_answered(&self, count: i64) -> Result<()> {
        self.until(&format!("{count} questions are answered"), async |world| {
            let answered = "select count(*) from pedro.question where status = 'answered'";
            Ok((database::count(&world.pool, answered).await? == count).then_some(()))
        })
        .await
    }

    /// People ask in the first shard's guild; the machines that run hear it.
    fn ask(&self, people: &[&str]) -> Vec<Snowflake> {
        let ask = |person: &&str| self.discord.say(self.channels[0], person, "pedro, what is a lifetime?");
        people.iter().map(ask).collect()
    }

    /// What was ever said to a question, if it was more than a word of waiting.
    fn answers(&self, question: Snowflake) -> Vec<Message> {
        let mut said = self.discord.bot_messages(self.channels[0]);
        said.retain(|message| message.reply_to == Some(question) && !message.deleted && is_final(&message.content));
        said
    }

    fn each_was_answered_once(&self, questions: &[Snowflake]) -> Result<()> {
        for question in questions {
            let answers: Vec<String> = self.answers(*question).into_iter().map(|message| message.content).collect();
            ensure!(answers == [PROMPT], "{question} was answered so: {answers:?}");
        }
        Ok(())
    }
}

impl Machine {
    /// Nothing leaves it and nothing arrives, and nobody is told.
    fn cut_off(&self) -> Result<()> {
        match &self.namespace {
            Some(namespace) => namespace.disconnect()?,
            None => self.ways().for_each(|way| way.set(Way::Silent)),
        }
        Ok(())
    }

    fn connect(&self) -> Result<()> {
        match &self.namespace {
            Some(namespace) => namespace.connect()?,
            None => self.ways().for_each(|way| way.set(Way::Open)),
        }
        Ok(())
    }

    fn ways(&self) -> impl Iterator<Item = &Proxy> {
        std::iter::once(&self.database).chain(&self.others)
    }

    /// It still runs, ends well when it is asked to, and has not panicked.
    async fn end_well(mut self) -> Result<()> {
        ensure!(self.process.try_wait()?.is_none(), "the machine's process ended by itself: {}", self.log.text());
        let id = self.process.id().context("the process has ended")?.to_string();
        ensure!(Command::new("kill").args(["-TERM", &id]).status().await?.success());
        let status = tokio::time::timeout(PATIENCE, self.process.wait()).await??;
        ensure!(status.success() && !self.log.text().contains("panicked"), "{status}: {}", self.log.text());
        Ok(())
    }
}

/// A guild that belongs to this shard of two, as its number says; its channel.
fn channel_of_shard(discord: &Discord, shard: u64) -> Result<Snowflake> {
    for town in 0..100 {
        let guild = discord.add_guild(&format!("Pedro Town {town}"));
        let number: u64 = guild.to_string().parse()?;
        if (number >> 22) % 2 == shard {
            for person in ["alice", "bob", "carol", "dana"] {
                discord.add_member(guild, person, &[]);
            }
            return Ok(discord.add_channel(guild, "general"));
        }
    }
    anyhow::bail!("there is no guild of shard {shard}")
}

#[sqlx::test(migrations = false)]
async fn a_machine_that_is_cut_off_leaves_its_questions_to_the_other_and_does_not_answer_late(
    pool: PgPool,
) -> Result<()> {
    let namespaces = Namespace::make().zip(Namespace::make());
    let host = namespaces.as_ref().map_or(Ipv4Addr::LOCALHOST, |(first, _)| first.host);
    let (first, second) = namespaces.unzip();
    let world = World::build(pool, host).await?;
    let first = world.start(0, first).await?;
    (0..3).for_each(|_| world.model.push(Turn::SayHeld("a late answer".to_owned())));
    let mut questions = world.ask(&["alice", "bob", "carol"]);
    world.until_generating(3).await?;
    let second = world.start(1, second).await?;

    first.cut_off()?;
    world.until_answered(3).await?;
    world.each_was_answered_once(&questions)?;

    // It comes back, and with it what its model wrote meanwhile.
    first.connect()?;
    world.model.release();
    world.until_generating(0).await?;
    let after = world.ask(&["dana"]);
    world.until_answered(4).await.with_context(|| first.log.text())?;
    questions.extend(after);
    world.each_was_answered_once(&questions)?;
    let said = world.discord.bot_messages(world.channels[0]);
    let late = said.iter().flat_map(|message| &message.versions).filter(|version| version.content.contains("late"));
    assert_eq!(late.count(), 0, "what was written late was shown");
    first.end_well().await?;
    second.end_well().await?;
    database::hang_up(&world.pool).await
}

#[sqlx::test(migrations = false)]
async fn what_a_killed_machine_was_at_is_finished_by_the_other(pool: PgPool) -> Result<()> {
    let world = World::build(pool, Ipv4Addr::LOCALHOST).await?;
    let mut first = world.start(0, None).await?;
    (0..3).for_each(|_| world.model.push(Turn::Hang));
    let mut questions = world.ask(&["alice", "bob", "carol"]);
    world.until_generating(3).await?;
    let second = world.start(1, None).await?;
    first.process.kill().await?;
    world.until_answered(3).await?;
    // Nobody hears the first shard's guild until it is there again: then what was said is fetched.
    questions.extend(world.ask(&["dana"]));
    let first = world.start(0, None).await?;
    world.until_answered(4).await.with_context(|| first.log.text())?;
    world.each_was_answered_once(&questions)?;
    first.end_well().await?;
    second.end_well().await?;
    database::hang_up(&world.pool).await
}

#[sqlx::test(migrations = false)]
async fn a_machine_without_the_database_is_silent_about_what_another_has_answered(pool: PgPool) -> Result<()> {
    let world = World::build(pool, Ipv4Addr::LOCALHOST).await?;
    let first = world.start(0, None).await?;
    // A text that grows in front of everybody, for longer than a lease lasts.
    let chunks = (0..140).map(|number| format!("word number {number} of a late answer, ")).collect();
    world.model.push(Turn::Trickle { chunks, every: Duration::from_millis(300) });
    let questions = world.ask(&["alice"]);
    world
        .until("the text is seen to grow", async |world| {
            let said = world.discord.bot_messages(world.channels[0]);
            Ok(said.iter().any(|message| message.content.contains("word number")).then_some(()))
        })
        .await?;
    let second = world.start(1, None).await?;

    first.database.set(Way::Cut);
    world.until_answered(1).await?;
    world.until_generating(0).await?;
    first.database.set(Way::Open);
    // The machine that was cut off has understood, and works again.
    world
        .until("the first machine has given up", async |_| {
            let log = first.log.text();
            Ok(["taken over", "was not answered"].iter().any(|words| log.contains(words)).then_some(()))
        })
        .await?;
    world.each_was_answered_once(&questions)?;
    let answer = world.answers(questions[0]).pop().context("no answer")?;
    let after = answer.versions.iter().skip_while(|version| version.content != PROMPT).count();
    assert_eq!(after, 1, "the answer was changed afterwards: {:?}", answer.versions);
    first.end_well().await?;
    second.end_well().await?;
    database::hang_up(&world.pool).await
}
