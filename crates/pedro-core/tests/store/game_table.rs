//! A table to play twenty questions at: a place on Discord, a model that follows a script, and what Pedro says there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::Utc;
use pedro_core::chat::{Author, AuthorKind, ChannelKey, ChatMessage, Platform, ReplyTo, Role};
use pedro_core::embedder::DeterministicEmbedder;
use pedro_core::game::{Games, Held, Player, Pressed, Started};
use pedro_core::listener::Line;
use pedro_core::llm::{LanguageModel, ServerClient, Slots};
use pedro_core::memory::PersonHasher;
use pedro_core::places::{Identity, Place, Places};
use pedro_core::service::config::Community;
use pedro_core::speech::{Button, Form, NotSpoken, Speech, Spoken, speech};
use pedro_core::store::channel::Seen;
use pedro_core::testing::ScriptedModel;
use pedro_core::voice::Voice;
use sqlx::PgPool;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Long enough for any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A message as the platform got it.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) id: String,
    pub(crate) channel: String,
    pub(crate) text: String,
    pub(crate) buttons: Vec<Button>,
    /// The message that it changes.
    pub(crate) edits: Option<String>,
    pub(crate) nonce: Option<String>,
}

/// Where games are played, and a process that plays them.
pub(crate) struct Table {
    pub(crate) pool: PgPool,
    pub(crate) games: Arc<Games>,
    pub(crate) places: Arc<Places>,
    pub(crate) place: Arc<Place>,
    pub(crate) model: Arc<ScriptedModel>,
    /// The platform takes no message while this is set.
    pub(crate) is_refusing: Arc<AtomicBool>,
    said: mpsc::Receiver<Said>,
    running: Option<(CancellationToken, JoinHandle<()>)>,
}

impl Table {
    /// A table whose model says these things, one after the other.
    pub(crate) async fn new(pool: &PgPool, model: ScriptedModel) -> Self {
        let model = Arc::new(model);
        Self::with(pool, Arc::<ScriptedModel>::clone(&model), model, "http://127.0.0.1:9/").await
    }

    /// A table with a model of its own; the scripted one is not asked then.
    pub(crate) async fn with(
        pool: &PgPool,
        asked: Arc<dyn LanguageModel>,
        model: Arc<ScriptedModel>,
        server: &str,
    ) -> Self {
        let identity = Identity { login: "pedro_bot".to_owned(), user_ids: vec!["pedro".to_owned()] };
        let places = Arc::new(Places::new(pool.clone(), identity));
        let place = open(&places, "room").await;
        let (to_adapter, adapter) = speech();
        let (heard, said) = mpsc::channel(256);
        let is_refusing = Arc::new(AtomicBool::new(false));
        // It ends with the way to it.
        drop(tokio::spawn(listen(adapter, heard, Arc::clone(&is_refusing))));
        let slots = Slots::new(pool.clone(), vec![server.parse().unwrap()], ServerClient::new(None).unwrap());
        let games = Games {
            pool: pool.clone(),
            platform: Platform::Discord,
            everywhere: true,
            places: Arc::clone(&places),
            voice: Arc::new(Voice::new(pool.clone(), to_adapter)),
            model: asked,
            slots: Arc::new(slots),
            embedder: Arc::new(DeterministicEmbedder::new(128)),
            hasher: PersonHasher::new(pool, None).await.unwrap(),
            wake: Default::default(),
            held: Held::default(),
        };
        let mut table =
            Self { pool: pool.clone(), games: Arc::new(games), places, place, model, is_refusing, said, running: None };
        table.run();
        table
    }

    /// Starts the process.
    pub(crate) fn run(&mut self) {
        let stop = CancellationToken::new();
        let running = tokio::spawn(Arc::clone(&self.games).run(stop.clone(), stop.clone()));
        self.running = Some((stop, running));
    }

    /// Stops the process, with whatever is under way.
    pub(crate) async fn stop(&mut self) {
        if let Some((stop, running)) = self.running.take() {
            stop.cancel();
            running.await.unwrap();
        }
    }

    pub(crate) async fn start(&self, who: &str, thing: &str) -> Started {
        self.games.start(&self.place, player(who), thing, None).await.unwrap()
    }

    /// Starts a game that must begin.
    pub(crate) async fn begin(&self, who: &str, thing: &str) -> String {
        match self.start(who, thing).await {
            Started::Begun { text } => text,
            other => panic!("{other:?}"),
        }
    }

    /// The next thing that is said, whatever it is.
    pub(crate) async fn next(&mut self) -> Said {
        tokio::time::timeout(PATIENCE, self.said.recv()).await.unwrap().unwrap()
    }

    /// The next new message; changes of old ones are passed over.
    pub(crate) async fn next_new(&mut self) -> Said {
        loop {
            let said = self.next().await;
            if said.edits.is_none() {
                return said;
            }
        }
    }

    /// Presses a button by its label.
    pub(crate) async fn press(&self, who: &str, on: &Said, label: &str) -> Pressed {
        let button = on.buttons.iter().find(|button| button.label == label).unwrap();
        self.games.press(&button.id, who, Some(&on.id)).await.unwrap().unwrap()
    }

    /// Says a line, as soon as it is that person's turn.
    pub(crate) async fn answer(&self, who: &str, text: &str) -> bool {
        self.until("select count(*) = 1 from pedro.game where status = 'asking'").await;
        self.hear(who, text).await
    }

    pub(crate) async fn hear(&self, who: &str, text: &str) -> bool {
        self.games.hear(&self.line(who, text, None)).await.unwrap()
    }

    pub(crate) fn line(&self, who: &str, text: &str, reply_to: Option<&str>) -> Line {
        let message = ChatMessage {
            channel: self.place.key.clone(),
            platform_message_id: format!("{who}/{text}"),
            author: Author {
                platform_user_id: who.to_owned(),
                login: who.to_owned(),
                display_name: who.to_owned(),
                kind: AuthorKind::Person,
                role: Role::Viewer,
            },
            text: text.to_owned(),
            sent_at: Utc::now(),
            reply_to: reply_to
                .map(|whom| ReplyTo { platform_message_id: "1".to_owned(), platform_user_id: whom.to_owned() }),
        };
        Line::new(message, Arc::clone(&self.place), &self.games.hasher)
    }

    /// Waits until a query says true.
    pub(crate) async fn until(&self, query: &'static str) {
        let is_so = async {
            while sqlx::query_scalar::<_, Option<bool>>(query).fetch_one(&self.pool).await.unwrap() != Some(true) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, is_so).await.unwrap_or_else(|_| panic!("never: {query}"));
    }

    pub(crate) async fn execute(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.pool).await.unwrap();
    }

    /// Everything that the model was shown.
    pub(crate) fn prompts(&self) -> String {
        let requests = self.model.requests();
        let messages = requests.iter().flat_map(|request| &request.messages);
        messages.map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n")
    }
}

pub(crate) fn player(who: &str) -> Player<'_> {
    Player { platform_user_id: who }
}

pub(crate) async fn open(places: &Places, name: &str) -> Arc<Place> {
    let key = ChannelKey { platform: Platform::Discord, platform_channel_id: name.to_owned() };
    let community = Community { deny: vec!["spoon".to_owned()], ..Community::new("home", chrono_tz::UTC) };
    places.open(&community, &Seen::public(key, name)).await.unwrap()
}

/// The platform: it takes what is said, and shows it to the test.
async fn listen(mut adapter: mpsc::Receiver<Speech>, heard: mpsc::Sender<Said>, is_refusing: Arc<AtomicBool>) {
    let mut count = 0;
    while let Some(speech) = adapter.recv().await {
        let Speech::Say(message) = speech else { continue };
        if is_refusing.load(Ordering::Relaxed) {
            drop(message.outcome.send(Err(NotSpoken::Refused("it is gone".to_owned()))));
            continue;
        }
        count += 1;
        let edits = match message.form {
            Form::Edit(id) => Some(id),
            Form::Opening | Form::New | Form::Name => None,
        };
        let id = edits.clone().unwrap_or_else(|| format!("m{count}"));
        let said = Said {
            id: id.clone(),
            channel: message.channel.platform_channel_id,
            text: message.text,
            buttons: message.controls.buttons,
            edits,
            nonce: message.nonce,
        };
        if heard.send(said).await.is_err() {
            return;
        }
        let spoken = Spoken {
            platform_message_id: id,
            own_user_id: "pedro".to_owned(),
            own_login: "pedro_bot".to_owned(),
            at: Utc::now(),
        };
        drop(message.outcome.send(Ok(spoken)));
    }
}
