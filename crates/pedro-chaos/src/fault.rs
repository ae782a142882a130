//! What goes wrong: how it begins, for how long, and how it ends.

use std::time::Duration;

use anyhow::Result;
use pedro_core::testing::Turn;
use pedro_core::testing::way::Way;
use pedro_playground::discord::Trouble;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use crate::record;
use crate::town::{CHANNELS, Town};

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Fault {
    TwitchBotKilled,
    DiscordBotKilled,
    TwitchBotFrozen,
    DiscordBotFrozen,
    TwitchDrops,
    TwitchHalfOpen,
    TwitchReconnect,
    TwitchAway,
    TwitchRefusesSignIn,
    TwitchRefusesMessage,
    GatewayDrops,
    GatewaySilent,
    GatewayReconnect,
    SessionInvalid,
    SessionInvalidResumable,
    ResumeRefused,
    SignInInvalid,
    GatewayAway,
    AcksWithheld,
    RestLimited,
    RestFails,
    RestBreaks,
    RestSlow,
    ModelLoading,
    ModelAway,
    ModelFails,
    ModelSlow,
    DatabaseCut,
    DatabaseSilent,
    DatabaseSlow,
    DatabaseRestarts,
    DatabaseFull,
}

use Fault::*;

/// With how likely each is, in parts of the whole.
const FAULTS: [(Fault, u32); 32] = [
    (TwitchBotKilled, 20),
    (DiscordBotKilled, 20),
    (TwitchBotFrozen, 3),
    (DiscordBotFrozen, 3),
    (TwitchDrops, 4),
    (TwitchHalfOpen, 3),
    (TwitchReconnect, 3),
    (TwitchAway, 3),
    (TwitchRefusesSignIn, 2),
    (TwitchRefusesMessage, 3),
    (GatewayDrops, 4),
    (GatewaySilent, 3),
    (GatewayReconnect, 3),
    (SessionInvalid, 3),
    (SessionInvalidResumable, 2),
    (ResumeRefused, 3),
    (SignInInvalid, 2),
    (GatewayAway, 3),
    (AcksWithheld, 2),
    (RestLimited, 4),
    (RestFails, 4),
    (RestBreaks, 5),
    (RestSlow, 3),
    (ModelLoading, 3),
    (ModelAway, 3),
    (ModelFails, 8),
    (ModelSlow, 6),
    (DatabaseCut, 6),
    (DatabaseSilent, 3),
    (DatabaseSlow, 3),
    (DatabaseRestarts, 4),
    (DatabaseFull, 3),
];

/// One of them.
pub(crate) fn choose(chance: &mut StdRng) -> Fault {
    FAULTS.choose_weighted(chance, |(_, weight)| *weight).map_or(TwitchBotKilled, |(fault, _)| *fault)
}

impl Fault {
    /// Milliseconds that it lasts, from and to; nothing for what is over at once.
    fn lasts(self) -> (u64, u64) {
        match self {
            TwitchBotKilled | DiscordBotKilled => (0, 3_000),
            TwitchBotFrozen | DiscordBotFrozen => (500, 5_000),
            TwitchHalfOpen => (1_000, 16_000),
            TwitchAway | TwitchRefusesSignIn | GatewayAway | ResumeRefused => (500, 6_000),
            GatewaySilent => (1_000, 8_000),
            AcksWithheld => (5_000, 14_000),
            ModelLoading | ModelAway => (500, 5_000),
            DatabaseCut => (50, 4_000),
            DatabaseSilent => (500, 6_000),
            DatabaseSlow => (2_000, 6_000),
            DatabaseFull => (500, 4_000),
            _ => (0, 1),
        }
    }

    /// Whether lines wait in the bots' memory meanwhile.
    pub(crate) fn keeps_lines_waiting(self) -> bool {
        let database = [DatabaseCut, DatabaseSilent, DatabaseSlow, DatabaseRestarts, DatabaseFull];
        self == TwitchBotFrozen || database.contains(&self)
    }

    /// Whether what is on its way between Twitch and the bot is lost when it begins.
    pub(crate) fn breaks_twitch(self) -> bool {
        [TwitchBotKilled, TwitchDrops, TwitchReconnect, TwitchAway, TwitchRefusesSignIn, TwitchHalfOpen].contains(&self)
    }

    /// Whether what people do on Discord reaches the bot late, or its answers reach Discord late.
    pub(crate) fn delays_discord(self) -> bool {
        let of_gateway = [GatewayDrops, GatewaySilent, GatewayReconnect, GatewayAway, AcksWithheld];
        let of_session = [SessionInvalid, SessionInvalidResumable, ResumeRefused, SignInInvalid];
        let of_rest = [RestLimited, RestFails, RestBreaks, RestSlow, DiscordBotFrozen, DiscordBotKilled];
        of_gateway.contains(&self) || of_session.contains(&self) || of_rest.contains(&self)
    }

    /// Whether it is a kill.
    pub(crate) fn kills(self) -> bool {
        matches!(self, TwitchBotKilled | DiscordBotKilled)
    }

    /// What must not be under way at the same time.
    pub(crate) fn family(self) -> u8 {
        match self {
            TwitchBotKilled | TwitchBotFrozen => 0,
            DiscordBotKilled | DiscordBotFrozen => 1,
            TwitchDrops | TwitchHalfOpen | TwitchReconnect | TwitchAway | TwitchRefusesSignIn => 2,
            GatewaySilent | GatewayAway | AcksWithheld | ResumeRefused => 3,
            ModelLoading | ModelAway => 4,
            DatabaseCut | DatabaseSilent | DatabaseSlow | DatabaseFull => 5,
            _ => 6,
        }
    }

    /// Begins. Answers how long it lasts.
    pub(crate) async fn begin(self, town: &mut Town, chance: &mut StdRng) -> Result<Duration> {
        let lasts = self.lasts();
        let lasts = Duration::from_millis(chance.random_range(lasts.0..lasts.1));
        let (twitch, discord) = (town.twitch.clone(), town.discord.clone());
        match self {
            TwitchBotKilled => town.bots[0].kill().await?,
            DiscordBotKilled => town.bots[1].kill().await?,
            TwitchBotFrozen => town.bots[0].signal("STOP").await?,
            DiscordBotFrozen => town.bots[1].signal("STOP").await?,
            TwitchDrops => twitch.drop_connections(),
            TwitchHalfOpen => twitch.stall(true),
            TwitchReconnect => twitch.send_reconnect(),
            TwitchAway => {
                twitch.set_unavailable(true);
                twitch.drop_connections();
            }
            TwitchRefusesSignIn => {
                twitch.refuse_sign_in(true);
                twitch.drop_connections();
            }
            TwitchRefusesMessage => {
                twitch.reject_next_send(CHANNELS[chance.random_range(0..CHANNELS.len())], "msg_ratelimit");
            }
            GatewayDrops => discord.drop_connections(),
            GatewaySilent => discord.silence(true),
            GatewayReconnect => discord.send_reconnect(),
            SessionInvalid => discord.invalidate_sessions(false),
            SessionInvalidResumable => discord.invalidate_sessions(true),
            ResumeRefused => {
                discord.refuse_resume(true);
                discord.drop_connections();
            }
            SignInInvalid => {
                discord.invalid_identifies(1);
                discord.invalidate_sessions(false);
            }
            GatewayAway => {
                discord.set_gateway_down(true);
                discord.drop_connections();
            }
            AcksWithheld => discord.withhold_acks(true),
            RestLimited | RestFails | RestBreaks | RestSlow => {
                discord.trouble("", "/", chance.random_range(1..6), self.trouble(chance));
            }
            ModelLoading => town.model.set_loading(true),
            ModelAway => town.model.stop(),
            ModelFails | ModelSlow => {
                for _ in 0..chance.random_range(1..4) {
                    town.model.push(self.turn(chance));
                }
            }
            DatabaseCut => town.way.set(Way::Cut),
            DatabaseSilent => town.way.set(Way::Silent),
            DatabaseSlow => town.way.set(Way::Slow(Duration::from_millis(chance.random_range(20..200)))),
            DatabaseRestarts => record::hang_up(&town.pool).await?,
            DatabaseFull => record::fill_disk(&town.pool).await?,
        }
        Ok(lasts)
    }

    /// Ends.
    pub(crate) async fn end(self, town: &mut Town) -> Result<()> {
        match self {
            TwitchBotKilled => town.bots[0].start()?,
            DiscordBotKilled => town.bots[1].start()?,
            TwitchBotFrozen => town.bots[0].signal("CONT").await?,
            DiscordBotFrozen => town.bots[1].signal("CONT").await?,
            TwitchHalfOpen => town.twitch.stall(false),
            TwitchAway => town.twitch.set_unavailable(false),
            TwitchRefusesSignIn => town.twitch.refuse_sign_in(false),
            GatewaySilent => town.discord.silence(false),
            ResumeRefused => town.discord.refuse_resume(false),
            GatewayAway => town.discord.set_gateway_down(false),
            AcksWithheld => town.discord.withhold_acks(false),
            ModelLoading => town.model.set_loading(false),
            ModelAway => town.model.restart()?,
            DatabaseCut | DatabaseSilent | DatabaseSlow => town.way.set(Way::Open),
            DatabaseFull => record::empty_disk(&town.pool).await?,
            _ => {}
        }
        Ok(())
    }

    fn trouble(self, chance: &mut StdRng) -> Trouble {
        match self {
            RestLimited => Trouble::RateLimited {
                retry_after_ms: chance.random_range(100..1_500),
                global: chance.random_bool(0.2),
            },
            RestFails => Trouble::Status { status: *[500, 502, 503].choose(chance).unwrap_or(&500) },
            RestBreaks if chance.random_bool(0.5) => Trouble::ResetAfter,
            RestBreaks => Trouble::Reset,
            _ => Trouble::Slow { ms: chance.random_range(200..2_000) },
        }
    }

    fn turn(self, chance: &mut StdRng) -> Turn {
        if self == ModelSlow {
            return Turn::ReplyAfter(Duration::from_millis(chance.random_range(500..7_000)));
        }
        match chance.random_range(0..6) {
            0 => Turn::Status(503),
            1 => Turn::Status(500),
            2 => Turn::Empty,
            3 => Turn::Hang,
            4 => Turn::Stall(vec!["As ".to_owned(), "for".to_owned()]),
            _ => Turn::CutAfter(chance.random_range(0..4)),
        }
    }
}
