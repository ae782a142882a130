//! What people and moderators do, as verbs on [`Twitch`].

use std::time::{Duration, Instant};

use super::people::{UserId, normal_login};
use super::{ChatLine, Line, Twitch};

impl Twitch {
    /// Makes a channel, and with it its streamer. Bots can join only channels that exist.
    pub fn add_channel(&self, login: &str) {
        self.update(|world| {
            world.channel(login);
        });
    }

    /// The id of the person with this login, who exists from now on if not before.
    pub fn user(&self, login: &str) -> UserId {
        self.update(|world| world.people.meet(login).id)
    }

    /// Gives somebody a name that differs from their login.
    pub fn set_display_name(&self, login: &str, display_name: &str) {
        self.update(|world| world.people.set_display_name(login, display_name));
    }

    /// Somebody says something. Answers the line's id.
    pub fn say(&self, channel: &str, login: &str, text: &str) -> String {
        self.say_as(ChatLine {
            channel: channel.to_owned(),
            login: login.to_owned(),
            text: text.to_owned(),
            ..ChatLine::default()
        })
    }

    /// Somebody answers a line. Answers the new line's id.
    pub fn reply(&self, channel: &str, login: &str, text: &str, reply_to: &str) -> String {
        self.say_as(ChatLine {
            channel: channel.to_owned(),
            login: login.to_owned(),
            text: text.to_owned(),
            reply_to: Some(reply_to.to_owned()),
            ..ChatLine::default()
        })
    }

    /// Says a line with every detail chosen. Answers its id. People are always heard: limits, time-outs and bans are
    /// for bots, or a tester would lock themselves out.
    pub fn say_as(&self, line: ChatLine) -> String {
        self.update(|world| world.speak(line, false, None).id)
    }

    /// Makes somebody a moderator of a channel.
    pub fn make_moderator(&self, channel: &str, login: &str) {
        self.set_moderator(channel, login, true);
    }

    /// Makes somebody a moderator, or no longer one.
    pub fn set_moderator(&self, channel: &str, login: &str, moderator: bool) {
        let (channel, login) = (normal_login(channel), normal_login(login));
        self.update(|world| {
            world.people.meet(&login);
            let moderators = &mut world.channel(&channel).moderators;
            if moderator {
                moderators.insert(login.clone());
            } else {
                moderators.remove(&login);
            }
            world.tell_standing(&channel, &login);
        });
    }

    /// Delivers a raw protocol line to all clients in a channel: a malformed tag, something Twitch invents next year.
    pub fn deliver_raw(&self, channel: &str, line: &str) {
        let line = line.trim_end_matches(['\r', '\n']);
        self.update(|world| world.connections.broadcast_raw(&normal_login(channel), line));
    }

    /// Delivers a line once more, with the same id. False where there is none.
    pub fn redeliver(&self, id: &str) -> bool {
        self.update(|world| world.redeliver(id))
    }

    /// A moderator removes a line (`CLEARMSG`). False where there is none.
    pub fn delete_line(&self, id: &str) -> bool {
        self.update(|world| world.delete_line(id))
    }

    /// A moderator times somebody out, or bans them (`None`): their lines go (`CLEARCHAT`), and a bot may not speak.
    pub fn time_out(&self, channel: &str, login: &str, seconds: Option<u32>) {
        self.update(|world| world.time_out(channel, login, seconds));
    }

    /// A moderator ends somebody's time-out or ban.
    pub fn pardon(&self, channel: &str, login: &str) {
        self.update(|world| world.pardon(channel, login));
    }

    /// A moderator removes everything (`CLEARCHAT`).
    pub fn clear_chat(&self, channel: &str) {
        self.update(|world| world.clear_chat(channel));
    }

    /// The streamer changes title and category.
    pub fn set_title(&self, channel: &str, title: &str, category: &str) {
        self.update(|world| world.set_title(channel, title, category));
    }

    /// The stream starts or ends.
    pub fn set_live(&self, channel: &str, live: bool) {
        self.update(|world| world.set_live(channel, live));
    }

    /// Everything said in a channel, the bot's lines too, in order, deleted ones included and marked.
    pub fn lines(&self, channel: &str) -> Vec<Line> {
        self.lines_after(channel, 0)
    }

    /// What was said in a channel after the line with this number.
    pub fn lines_after(&self, channel: &str, seq: u64) -> Vec<Line> {
        let channel = normal_login(channel);
        self.read(|world| {
            let lines = world.lines.iter().filter(|line| line.channel == channel && line.seq > seq);
            lines.cloned().collect()
        })
    }

    /// What bots said in a channel, in order.
    pub fn bot_lines(&self, channel: &str) -> Vec<Line> {
        let mut lines = self.lines(channel);
        lines.retain(|line| line.by_bot);
        lines
    }

    /// What a real Twitch would have punished, in order: broken rate limits, messages that are too long, have a newline,
    /// repeat the last ones or begin like a chat command.
    pub fn violations(&self) -> Vec<String> {
        self.read(|world| world.violations.clone())
    }

    /// Whether limits on messages and joins hold (they do unless told otherwise). Either way all accounts start afresh.
    pub fn set_rate_limits(&self, enabled: bool) {
        self.update(|world| {
            world.limits.enabled = enabled;
            world.limits.forget();
        });
    }

    /// Ignores an account as if it had broken the message limit, or listens to it again. What an ignored account says is
    /// swallowed without a word; all else goes on.
    pub fn ignore(&self, login: &str, ignored: bool) {
        let login = normal_login(login);
        self.update(|world| world.limits.ignore(&login, ignored, Instant::now()));
    }

    /// How long an account that broke the message limit is ignored (half an hour, as on Twitch, unless told otherwise).
    pub fn set_silence(&self, silence: Duration) {
        self.update(|world| world.limits.silence = silence);
    }
}
