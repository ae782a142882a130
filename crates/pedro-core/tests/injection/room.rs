//! A whole Pedro with one channel, a model that obeys whoever attacks, and a web that says what it is told to.

mod talk;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};
use chrono::Utc;
use clap::Parser;
use pedro_core::boot::{self, Parts};
use pedro_core::chat::{ChannelKey, Platform};
use pedro_core::memory::{Inbox, inbox};
use pedro_core::pedro::Pedro;
use pedro_core::places::{Identity, Place};
use pedro_core::question::{DISCORD_TERMS, TWITCH_TERMS};
use pedro_core::service::config::{BotArgs, BotTask};
use pedro_core::service::{Readiness, Shutdown};
use pedro_core::speech::{Message, Speech, Spoken, speech};
use pedro_core::store::channel::Seen;
use pedro_core::testing::ScriptedModelServer;
use sqlx::{ConnectOptions, PgPool};
use tokio::sync::mpsc;

use crate::prompt::Prompt;
use crate::script::{Shared, configuration, event, obey, web};

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    bot: BotArgs,
}

pub(crate) struct Room {
    pub(crate) platform: Platform,
    pedro: Arc<Pedro>,
    place: Arc<Place>,
    pool: PgPool,
    inbox: Inbox,
    model: ScriptedModelServer,
    seen_prompts: usize,
    said: Arc<Mutex<Vec<String>>>,
    script: Shared,
    shutdown: Shutdown,
    events: PathBuf,
    config: PathBuf,
    lines: usize,
}

impl Room {
    pub(crate) async fn open(pool: PgPool, platform: Platform) -> Result<Self> {
        let script = Shared::default();
        let web = web(Arc::clone(&script)).await?;
        let model = ScriptedModelServer::start()?;
        let obeying = Arc::clone(&script);
        model.reply_with(move |request| obey(&obeying.lock().unwrap(), request));
        let database = pool.connect_options().to_url_lossy().to_string();
        let name = pool.connect_options().get_database().context("no name")?.to_owned();
        let file = |kind: &str| std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{kind}.yaml"));
        let (config, events) = (file("config"), file("events"));
        std::fs::write(&config, configuration(&web))?;
        std::fs::write(&events, event("nothing"))?;
        let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local/models/all-minilm-l6-v2");
        let model_dir =
            std::env::var_os("EMBEDDINGS_MODEL_DIR").filter(|dir| !dir.is_empty()).map_or(models, PathBuf::from);
        let options = Options::try_parse_from([
            "test".as_ref(),
            "--database-url".as_ref(),
            database.as_ref(),
            "--llama-cpp-path".as_ref(),
            model.url().as_str().as_ref(),
            "--embeddings-model-dir".as_ref(),
            model_dir.as_os_str(),
            "--pedro-config".as_ref(),
            config.as_os_str(),
            "--pedro-events".as_ref(),
            events.as_os_str(),
            "--search-searxng-url".as_ref(),
            format!("{web}/").as_ref() as &std::ffi::OsStr,
            "--search-providers".as_ref(),
            "searxng".as_ref(),
            "--search-cache-hours".as_ref(),
            "0".as_ref(),
        ])?;
        let task = options.bot.resolve("127.0.0.1:0".parse()?, |_| ()).await?;
        let BotTask::Run(settings) = task else { bail!("no bot to run") };
        let settings = settings.1;
        let (shutdown, readiness) = (Shutdown::new(), Readiness::new());
        let (voice, speeches) = speech();
        let (inbox, lines) = inbox(platform);
        let parts = Parts {
            platform,
            identity: Identity { login: "pedro_bot".to_owned(), user_ids: vec!["99".to_owned()] },
            terms: if platform == Platform::Twitch { TWITCH_TERMS } else { DISCORD_TERMS },
            voice,
            database: settings.database,
            model: settings.model,
            embedding: settings.embedding,
            community: &settings.community,
            search: &settings.search,
            api: &settings.api,
            public_url: None,
            readiness: &readiness,
        };
        let pedro = boot::boot(parts, &shutdown).await?;
        let home = settings.community.communities.iter().next().context("no community")?;
        let place = pedro.places.open(home, &Seen::public(key(platform), "room")).await?;
        pedro.start(lines);
        let said = Arc::<Mutex<Vec<String>>>::default();
        shutdown.spawn("adapter", adapter(speeches, Arc::clone(&said)));
        Ok(Self {
            platform,
            pedro,
            place,
            pool,
            inbox,
            model,
            seen_prompts: 0,
            said,
            script,
            shutdown,
            events,
            config,
            lines: 0,
        })
    }

    /// Calls of the model since the last time.
    pub(crate) fn take_prompts(&mut self) -> Vec<Prompt> {
        let prompts: Vec<Prompt> = self.model.requests().into_iter().skip(self.seen_prompts).map(Prompt).collect();
        self.seen_prompts += prompts.len();
        prompts
    }

    /// What was said since the last time.
    pub(crate) fn take_said(&self) -> Vec<String> {
        std::mem::take(&mut *self.said.lock().unwrap())
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.shutdown.begin();
        drop(self.inbox);
        boot::close(&self.pedro.pool).await;
        for file in [self.config, self.events] {
            std::fs::remove_file(file)?;
        }
        Ok(())
    }
}

fn key(platform: Platform) -> ChannelKey {
    ChannelKey { platform, platform_channel_id: "4".to_owned() }
}

/// Takes whatever is said.
async fn adapter(mut speeches: mpsc::Receiver<Speech>, said: Arc<Mutex<Vec<String>>>) {
    let mut number = 0;
    while let Some(speech) = speeches.recv().await {
        let Speech::Say(message) = speech else { continue };
        let Message { text, outcome, .. } = *message;
        number += 1;
        said.lock().unwrap().push(text);
        let spoken = Spoken {
            platform_message_id: format!("said-{number}"),
            own_user_id: "99".to_owned(),
            own_login: "pedro_bot".to_owned(),
            at: Utc::now(),
        };
        let _gone = outcome.send(Ok(spoken));
    }
}
