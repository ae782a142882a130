//! The chat server, as a client on the wire sees it.

use std::time::Duration;

use crate::support::{Client, PATIENCE, TOWN, tag, town};
use anyhow::Result;
use pedro_playground::ChatLine;

#[tokio::test]
async fn a_client_signs_in_and_joins() -> Result<()> {
    let (playground, twitch) = town().await?;
    let mut client = Client::connect(&playground).await?;
    client.send("CAP LS 302").await?;
    assert!(client.expect("CAP * LS").await?.contains("twitch.tv/tags"));
    client.send("CAP REQ :twitch.tv/tags twitch.tv/commands").await?;
    client.expect("CAP * ACK :twitch.tv/tags twitch.tv/commands").await?;
    client.send("CAP REQ :twitch.tv/nonsense").await?;
    client.expect("CAP * NAK :twitch.tv/nonsense").await?;
    client.send("PASS oauth:secret").await?;
    client.send("NICK Pedro_Bot").await?;
    for code in ["001", "002", "003", "004", "375", "372", "376"] {
        client.expect(&format!(":tmi.twitch.tv {code} pedro_bot ")).await?;
    }
    let state = client.expect("GLOBALUSERSTATE").await?;
    assert_eq!(tag(&state, "user-id"), Some(twitch.user("pedro_bot").to_string().as_str()));

    twitch.add_channel("second");
    client.send("JOIN #pedrotown,#second").await?;
    client.expect(":pedro_bot!pedro_bot@pedro_bot.tmi.twitch.tv JOIN #pedrotown").await?;
    client.expect("366 pedro_bot #pedrotown").await?;
    assert_eq!(tag(&client.expect("USERSTATE #pedrotown").await?, "mod"), Some("0"));
    let room = client.expect("ROOMSTATE #pedrotown").await?;
    assert_eq!(tag(&room, "room-id"), Some(twitch.user(TOWN).to_string().as_str()));
    client.expect("ROOMSTATE #second").await?;
    twitch.joined("second", PATIENCE).await?;
    assert_eq!((twitch.connections(), twitch.joins_seen()), (1, 2));

    client.send("PART #second").await?;
    client.expect("PART #second").await?;
    twitch.say("second", "alice", "nobody hears this");
    assert_eq!(client.heard().await?, Vec::<String>::new());
    client.send("JOIN #nowhere").await?;
    assert_eq!(tag(&client.expect("NOTICE #nowhere").await?, "msg-id"), Some("msg_channel_suspended"));
    Ok(())
}

#[tokio::test]
async fn a_line_comes_with_all_its_tags() -> Result<()> {
    let (playground, twitch) = town().await?;
    twitch.set_display_name("alice", "Alice; of \\ Wonderland");
    twitch.make_moderator(TOWN, "alice");
    let mut client = Client::in_town(&playground, "pedro_bot").await?;
    twitch.say_as(ChatLine {
        channel: TOWN.to_owned(),
        login: "alice".to_owned(),
        text: "hello Kappa\r\nQUIT".to_owned(),
        badges: vec![("subscriber".to_owned(), "12".to_owned())],
        id: Some("line-1".to_owned()),
        sent_at: Some(1_700_000_000_123),
        ..ChatLine::default()
    });
    let line = client.expect("PRIVMSG").await?;
    assert!(line.ends_with(":alice!alice@alice.tmi.twitch.tv PRIVMSG #pedrotown :hello Kappa  QUIT"), "{line}");
    let expected = [
        ("badge-info", "subscriber/12"),
        ("badges", "moderator/1,subscriber/12"),
        ("display-name", "Alice\\:\\sof\\s\\\\\\sWonderland"),
        ("emotes", "25:6-10"),
        ("first-msg", "1"),
        ("flags", ""),
        ("id", "line-1"),
        ("mod", "1"),
        ("returning-chatter", "0"),
        ("room-id", &twitch.user(TOWN).to_string()),
        ("subscriber", "1"),
        ("tmi-sent-ts", "1700000000123"),
        ("turbo", "0"),
        ("user-id", &twitch.user("alice").to_string()),
        ("user-type", "mod"),
    ];
    for (key, value) in expected {
        assert_eq!(tag(&line, key), Some(value), "{key} in {line}");
    }
    twitch.redeliver("line-1");
    assert_eq!(client.expect("PRIVMSG").await?, line);
    twitch.deliver_raw(TOWN, "@emotes=25:4-0 :x!x@x.tmi.twitch.tv PRIVMSG #pedrotown :odd\r\n");
    client.expect("@emotes=25:4-0 ").await?;
    Ok(())
}

#[tokio::test]
async fn a_client_that_asked_for_nothing_gets_plain_irc() -> Result<()> {
    let (playground, twitch) = town().await?;
    let mut client = Client::connect(&playground).await?;
    for line in ["NICK justinfan123", "JOIN #pedrotown"] {
        client.send(line).await?;
    }
    client.expect("366").await?;
    let id = twitch.say(TOWN, "alice", "hi");
    twitch.delete_line(&id);
    client.say("anonymous people cannot speak").await?;
    assert_eq!(client.heard().await?, [":alice!alice@alice.tmi.twitch.tv PRIVMSG #pedrotown :hi"]);
    assert_eq!(twitch.lines(TOWN).len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_bot_answers_and_only_the_others_hear_it() -> Result<()> {
    let (playground, twitch) = town().await?;
    let mut bot = Client::in_town(&playground, "pedro_bot").await?;
    let mut other = Client::in_town(&playground, "nightbot").await?;
    twitch.set_display_name("alice", "Alice");
    let question = twitch.say(TOWN, "alice", "pedro? are you; there");
    let answer = format!("@reply-parent-msg-id={question};client-nonce=n\\s1 PRIVMSG #{TOWN} :. Yes");
    bot.send(&answer).await?;

    let state = bot.expect("client-nonce=n\\s1").await?;
    assert!(state.contains(" USERSTATE #pedrotown"), "{state}");
    let line = twitch.next_bot_line(TOWN, PATIENCE).await?;
    assert_eq!((line.text.as_str(), line.reply_to.as_deref()), ("Yes", Some(question.as_str())));
    assert_eq!((line.login.as_str(), line.by_bot), ("pedro_bot", true));
    assert_eq!(tag(&state, "id"), Some(line.id.as_str()));
    assert!(bot.heard().await?.iter().all(|line| !line.contains("Yes")));

    let heard = other.expect(":pedro_bot!").await?;
    assert!(heard.ends_with(" PRIVMSG #pedrotown :@Alice Yes"), "{heard}");
    assert_eq!(heard, line.raw);
    assert_eq!(tag(&heard, "reply-parent-msg-id"), Some(question.as_str()));
    assert_eq!(tag(&heard, "reply-parent-msg-body"), Some("pedro?\\sare\\syou\\:\\sthere"));
    assert_eq!(tag(&heard, "reply-parent-user-login"), Some("alice"));

    let thanks = twitch.reply(TOWN, "alice", "thanks", &line.id);
    let heard = bot.expect("thanks").await?;
    assert!(heard.ends_with(":@pedro_bot thanks"), "{heard}");
    assert_eq!(tag(&heard, "reply-parent-msg-id"), Some(line.id.as_str()));
    assert_eq!(tag(&heard, "reply-thread-parent-msg-id"), Some(question.as_str()));
    let ids: Vec<String> = twitch.lines(TOWN).into_iter().map(|line| line.id).collect();
    assert_eq!(ids, [question, line.id, thanks]);
    assert_eq!(twitch.bot_lines(TOWN).len(), 1);
    assert!(twitch.next_bot_line(TOWN, Duration::from_millis(1)).await.is_err());
    Ok(())
}

#[tokio::test]
async fn who_sends_too_much_is_not_heard_any_more() -> Result<()> {
    let (playground, twitch) = town().await?;
    let mut bot = Client::in_town(&playground, "pedro_bot").await?;
    for number in 0..25 {
        bot.say(&format!("line {number}")).await?;
    }
    bot.heard().await?;
    assert_eq!(twitch.bot_lines(TOWN).len(), 20);
    assert_eq!(twitch.violations(), ["rate limit: pedro_bot sent too many messages in 30 s (#pedrotown)"]);

    twitch.make_moderator(TOWN, "pedro_bot");
    assert_eq!(tag(&bot.expect("USERSTATE").await?, "mod"), Some("1"));
    twitch.set_rate_limits(true);
    for number in 0..25 {
        bot.say(&format!("as a moderator {number}")).await?;
    }
    bot.heard().await?;
    assert_eq!(twitch.bot_lines(TOWN).len(), 45);
    Ok(())
}

#[tokio::test]
async fn what_twitch_does_not_say_is_a_violation() -> Result<()> {
    let (playground, twitch) = town().await?;
    let mut bot = Client::in_town(&playground, "pedro_bot").await?;
    bot.say("twice").await?;
    bot.say("twice").await?;
    assert_eq!(tag(&bot.expect("NOTICE #pedrotown").await?, "msg-id"), Some("msg_duplicate"));
    bot.say("/ban alice").await?;
    assert_eq!(tag(&bot.expect("NOTICE #pedrotown").await?, "msg-id"), Some("unrecognized_cmd"));
    bot.say(&"é".repeat(501)).await?;
    bot.say("first line\nsecond line").await?;
    bot.say("... is fine").await?;
    bot.say("/me dances").await?;
    bot.say(&"é".repeat(500)).await?;
    bot.heard().await?;

    let said: Vec<String> = twitch.bot_lines(TOWN).into_iter().map(|line| line.text).collect();
    assert_eq!(said, ["twice", "first line", "... is fine", "\u{1}ACTION dances\u{1}", &"é".repeat(500)]);
    let kinds: Vec<String> =
        twitch.violations().iter().filter_map(|text| Some(text.split_once(':')?.0.to_owned())).collect();
    assert_eq!(kinds, ["duplicate", "chat command", "too long", "unknown command"]);
    Ok(())
}

#[tokio::test]
async fn joins_are_limited() -> Result<()> {
    let (playground, twitch) = town().await?;
    let names: Vec<String> = (0..25).map(|number| format!("town{number}")).collect();
    names.iter().for_each(|name| twitch.add_channel(name));
    let mut bot = Client::connect(&playground).await?;
    for line in ["PASS oauth:x", "NICK pedro_bot", &format!("JOIN {}", names.join(","))] {
        bot.send(line).await?;
    }
    bot.heard().await?;
    assert_eq!((twitch.joins_seen(), twitch.violations().len()), (20, 5));
    Ok(())
}

#[tokio::test]
async fn moderators_remove_lines_and_people() -> Result<()> {
    let (playground, twitch) = town().await?;
    let mut bot = Client::in_town(&playground, "pedro_bot").await?;
    let rude = twitch.say(TOWN, "bob", "something rude");
    twitch.say(TOWN, "bob", "and more");
    let fine = twitch.say(TOWN, "alice", "something kind");
    assert!(twitch.delete_line(&rude));
    assert!(!twitch.delete_line("no such line"));
    let cleared = bot.expect("CLEARMSG #pedrotown :something rude").await?;
    assert_eq!((tag(&cleared, "target-msg-id"), tag(&cleared, "login")), (Some(rude.as_str()), Some("bob")));

    twitch.time_out(TOWN, "bob", Some(600));
    let cleared = bot.expect("CLEARCHAT #pedrotown :bob").await?;
    assert_eq!(tag(&cleared, "ban-duration"), Some("600"));
    assert_eq!(tag(&cleared, "target-user-id"), Some(twitch.user("bob").to_string().as_str()));
    let left: Vec<String> = twitch.lines(TOWN).into_iter().filter(|line| !line.deleted).map(|line| line.id).collect();
    assert_eq!(left, [fine]);

    twitch.time_out(TOWN, "pedro_bot", None);
    assert_eq!(tag(&bot.expect("CLEARCHAT #pedrotown :pedro_bot").await?, "ban-duration"), None);
    bot.say("am I still here?").await?;
    assert_eq!(tag(&bot.expect("NOTICE").await?, "msg-id"), Some("msg_banned"));
    twitch.pardon(TOWN, "pedro_bot");
    bot.say("now I am").await?;
    bot.expect("USERSTATE").await?;

    twitch.clear_chat(TOWN);
    assert!(bot.expect("CLEARCHAT").await?.ends_with("CLEARCHAT #pedrotown"));
    assert!(twitch.lines(TOWN).iter().all(|line| line.deleted));
    Ok(())
}
