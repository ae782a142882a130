//! The chat protocol from the server's side: what each line from a client leads to.

use std::time::Instant;

use super::connection::{Connection, ConnectionId};
use super::line::{Line, badge_list, flag, has_badge, user_type};
use super::people::normal_login;
use super::sending::{Message, Refusal, no_such_channel};
use super::wire::{Capabilities, ClientMessage, SERVER, ServerMessage};
use super::world::World;

impl World {
    /// Takes in a line from a client and answers it.
    pub(super) fn hear(&mut self, id: ConnectionId, line: &str) {
        let stalled = self.connections.is_stalled();
        let Some(connection) = self.connections.get_mut(id) else { return };
        if stalled {
            connection.missed_something = true;
            return;
        }
        let Some(message) = ClientMessage::parse(line) else { return };
        match message.command.as_str() {
            "CAP" => self.negotiate(id, &message),
            "PASS" => connection.password = Some(message.param(0).to_owned()),
            "NICK" => self.sign_in(id, &message),
            "PING" => self.say_to(id, format!(":{SERVER} PONG {SERVER} :{}", message.param(0))),
            "PONG" => connection.pinged = false,
            "QUIT" => self.connections.close(id),
            _ => self.hear_signed_in(id, &message),
        }
    }

    /// The commands that need a name; from anybody else they are not heard.
    fn hear_signed_in(&mut self, id: ConnectionId, message: &ClientMessage) {
        let Some(Connection { login: Some(login), .. }) = self.connections.get(id) else { return };
        let login = login.clone();
        match message.command.as_str() {
            "JOIN" => names(message).for_each(|channel| self.join(id, &login, &channel)),
            "PART" => names(message).for_each(|channel| self.part(id, &login, &channel)),
            "PRIVMSG" => self.take_message(id, &login, message),
            unknown => {
                // The usual way to get here: a message with a newline in it, whose second line is read as a command.
                self.violation(format!("unknown command: {login} sent {unknown:?} (a newline inside a message?)"));
                self.say_to(id, format!(":{SERVER} 421 {login} {unknown} :Unknown command"));
            }
        }
    }

    fn negotiate(&mut self, id: ConnectionId, message: &ClientMessage) {
        let asked = message.params.get(1..).unwrap_or_default().join(" ");
        let Some(connection) = self.connections.get_mut(id) else { return };
        match message.param(0).to_ascii_uppercase().as_str() {
            "LS" => self.say_to(id, format!(":{SERVER} CAP * LS :{}", Capabilities::KNOWN)),
            "REQ" => {
                let verdict = if connection.capabilities.grant(&asked) { "ACK" } else { "NAK" };
                self.say_to(id, format!(":{SERVER} CAP * {verdict} :{asked}"));
            }
            _ => {}
        }
    }

    fn sign_in(&mut self, id: ConnectionId, message: &ClientMessage) {
        let login = normal_login(message.param(0));
        let Some(connection) = self.connections.get_mut(id) else { return };
        if connection.login.is_some() {
            return;
        }
        let anonymous = is_anonymous(&login);
        let password = connection.password.clone().unwrap_or_default();
        let refusal = if self.misbehaviour.refuse_sign_in {
            Some("Login authentication failed")
        } else if anonymous {
            None
        } else {
            self.check_password(&login, &password).err()
        };
        if let Some(refusal) = refusal {
            tracing::info!(login, refusal, "a sign-in was refused");
            self.say_to(id, format!(":{SERVER} NOTICE * :{refusal}"));
            self.connections.close(id);
            return;
        }
        if let Some(connection) = self.connections.get_mut(id) {
            connection.login = Some(login.clone());
            connection.anonymous = anonymous;
        }
        self.welcome(id, &login, anonymous);
        self.tell_connections();
    }

    fn check_password(&mut self, login: &str, password: &str) -> Result<(), &'static str> {
        let token = password.strip_prefix("oauth:").ok_or("Improperly formatted auth")?;
        if login.is_empty() || !self.tokens.signs_in(token, login) {
            return Err("Login authentication failed");
        }
        Ok(())
    }

    fn welcome(&mut self, id: ConnectionId, login: &str, anonymous: bool) {
        let greeting = [
            ("001", "Welcome, GLHF!"),
            ("002", "Your host is tmi.twitch.tv"),
            ("003", "This server is rather new"),
            ("004", "-"),
            ("375", "-"),
            ("372", "You are in a maze of twisty passages, all alike."),
            ("376", ">"),
        ];
        for (code, text) in greeting {
            self.say_to(id, format!(":{SERVER} {code} {login} :{text}"));
        }
        if !anonymous {
            let user = self.people.meet(login);
            let state = ServerMessage::special("GLOBALUSERSTATE")
                .tag("badge-info", "")
                .tag("badges", "")
                .tag("color", user.colour)
                .tag("display-name", user.display_name)
                .tag("emote-sets", "0")
                .tag("user-id", user.id.to_string())
                .tag("user-type", "");
            self.connections.send(id, &state);
        }
    }

    fn join(&mut self, id: ConnectionId, login: &str, channel: &str) {
        if !self.limits.join(login, Instant::now()) {
            // Twitch says nothing and joins nothing.
            self.violation(format!("join limit: {login} tried more than 20 joins in 10 s (#{channel})"));
            return;
        }
        if !self.has_channel(channel) {
            self.refuse(id, channel, no_such_channel(channel));
            return;
        }
        let Some(connection) = self.connections.get_mut(id) else { return };
        let anonymous = connection.anonymous;
        if !connection.channels.insert(channel.to_owned()) {
            return;
        }
        self.connections.joins += 1;
        self.say_to(id, format!(":{login}!{login}@{login}.{SERVER} JOIN #{channel}"));
        self.say_to(id, format!(":{login}.{SERVER} 353 {login} = #{channel} :{login}"));
        self.say_to(id, format!(":{login}.{SERVER} 366 {login} #{channel} :End of /NAMES list"));
        if !anonymous {
            let state = self.user_state(channel, login);
            self.connections.send(id, &state);
        }
        let state = self.room_state(channel);
        self.connections.send(id, &state);
        self.tell_connections();
    }

    fn part(&mut self, id: ConnectionId, login: &str, channel: &str) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        if connection.channels.remove(channel) {
            self.say_to(id, format!(":{login}!{login}@{login}.{SERVER} PART #{channel}"));
            self.tell_connections();
        }
    }

    /// A message to a channel, joined or not; the sender hears of it only through its own state.
    fn take_message(&mut self, id: ConnectionId, login: &str, message: &ClientMessage) {
        let channel = normal_login(message.param(0));
        if self.connections.get(id).is_none_or(|connection| connection.anonymous) {
            return;
        }
        if !self.has_channel(&channel) {
            self.refuse(id, &channel, no_such_channel(&channel));
            return;
        }
        let sent = self.accept(Message {
            channel: &channel,
            login,
            text: message.param(1),
            reply_to: message.tag("reply-parent-msg-id"),
            badges: Vec::new(),
            from: Some(id),
        });
        match sent {
            Ok(line) => self.confirm(id, &line, message.tag("client-nonce")),
            Err(refusal) => self.refuse(id, &channel, refusal),
        }
    }

    fn confirm(&mut self, id: ConnectionId, line: &Line, nonce: Option<&str>) {
        let mut state = self.user_state(&line.channel, &line.login).tag("id", &line.id);
        if let Some(nonce) = nonce {
            state = state.tag("client-nonce", nonce);
        }
        self.connections.send(id, &state);
    }

    fn refuse(&mut self, id: ConnectionId, channel: &str, refusal: Refusal) {
        match refusal {
            Refusal::Silent { reason } => tracing::info!(channel, reason, "a message was swallowed"),
            Refusal::Told { msg_id, text } => {
                let notice = ServerMessage::special(format!("NOTICE #{channel} :{text}")).tag("msg-id", msg_id);
                self.connections.send(id, &notice);
            }
        }
    }

    /// Who somebody is in a channel.
    pub(super) fn user_state(&mut self, channel: &str, login: &str) -> ServerMessage {
        let (user, badges) = (self.people.meet(login), self.badges(channel, login));
        ServerMessage::special(format!("USERSTATE #{channel}"))
            .tag("badge-info", "")
            .tag("badges", badge_list(&badges))
            .tag("color", user.colour)
            .tag("display-name", user.display_name)
            .tag("emote-sets", "0")
            .tag("mod", flag(has_badge(&badges, "moderator")))
            .tag("subscriber", "0")
            .tag("user-type", user_type(&badges))
    }

    /// Tells somebody's own connections who they are in a channel now.
    pub(super) fn tell_standing(&mut self, channel: &str, login: &str) {
        let state = self.user_state(channel, login);
        for id in self.connections.ids() {
            let theirs = self.connections.get(id).is_some_and(|connection| {
                connection.login.as_deref() == Some(login) && connection.channels.contains(channel)
            });
            if theirs {
                self.connections.send(id, &state);
            }
        }
        self.tell_connections();
    }

    fn room_state(&mut self, channel: &str) -> ServerMessage {
        let room = self.streamer(channel).id.to_string();
        ServerMessage::special(format!("ROOMSTATE #{channel}"))
            .tag("emote-only", "0")
            .tag("followers-only", "-1")
            .tag("r9k", "0")
            .tag("room-id", room)
            .tag("slow", "0")
            .tag("subs-only", "0")
    }

    /// Asks a client whether it is still there; one that has not answered the last time is cut off.
    pub(super) fn ping(&mut self, id: ConnectionId) {
        let stalled = self.connections.is_stalled();
        let Some(connection) = self.connections.get_mut(id) else { return };
        if stalled {
            return;
        }
        if std::mem::replace(&mut connection.pinged, true) {
            self.connections.reset(id);
            self.tell_connections();
        } else {
            self.say_to(id, format!("PING :{SERVER}"));
        }
    }

    fn say_to(&mut self, id: ConnectionId, line: String) {
        self.connections.send(id, &ServerMessage::plain(line));
    }
}

/// The channels that a `JOIN` or `PART` names.
fn names(message: &ClientMessage) -> impl Iterator<Item = String> {
    message.param(0).split(',').map(normal_login).filter(|name| !name.is_empty())
}

fn is_anonymous(login: &str) -> bool {
    login
        .strip_prefix("justinfan")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}
