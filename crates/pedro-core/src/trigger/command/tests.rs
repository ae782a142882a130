use super::*;
use crate::plan::StepEvent;

fn ear() -> Ear {
    Ear::new("pedro_bot")
}

fn read(text: &str) -> Option<Command> {
    parse(text, &ear()).and_then(Result::ok)
}

fn usage(text: &str) -> Option<String> {
    parse(text, &ear()).and_then(Result::err).map(|usage| usage.usage)
}

fn add_link(name: &str, url: &str, words: &str) -> Command {
    Command::AddLink { name: name.to_owned(), url: url.to_owned(), words: words.to_owned() }
}

#[test]
fn every_command_is_read() {
    for (text, command) in [
        ("!pedro when is the  stream?", Command::Ask("when is the stream?".to_owned())),
        ("!pedro, why?", Command::Ask("why?".to_owned())),
        ("!links", Command::Links(None)),
        ("!links Discord", Command::Links(Some("Discord".to_owned()))),
        ("!addlink Repo https://x.dev/r", add_link("repo", "https://x.dev/r", "")),
        ("!addlink repo HTTP://x.dev source  code", add_link("repo", "HTTP://x.dev", "source code")),
        ("!dellink Repo", Command::DelLink("repo".to_owned())),
        ("!title", Command::Title),
        ("!title please", Command::Title),
        ("!titles", Command::Titles(5)),
        ("!titles 1", Command::Titles(1)),
        ("!titles 10", Command::Titles(10)),
        ("!help", Command::Help),
        ("!recap", Command::Recap(None)),
        ("!recap 3", Command::Recap(Some(3))),
        ("!recap 12h please", Command::Recap(Some(12))),
        ("!pedro-event ON GopherCon", Command::Event { name: "gophercon".to_owned(), is_on: true }),
        ("!pedro-event off party", Command::Event { name: "party".to_owned(), is_on: false }),
        ("!pedro-pause", Command::Pause(10)),
        ("!pedro-pause 1440 minutes", Command::Pause(1440)),
        ("!pedro-pause 0", Command::Pause(0)),
        ("!pedro-pause OFF", Command::Pause(0)),
        ("!unteach what-desk", Command::Unteach("what-desk".to_owned())),
        ("!unteach what desk? => oak", Command::Unteach("what desk?".to_owned())),
        ("!pedro-stop", Command::Stop),
        ("!optout", Command::OptOut(OptOutOf::Storage)),
        ("!optout Storage", Command::OptOut(OptOutOf::Storage)),
        ("!optout replies", Command::OptOut(OptOutOf::Replies)),
        ("!optin", Command::OptIn),
        ("!forget", Command::Forget),
        ("!forgetme", Command::ForgetMe),
        ("!TITLE", Command::Title),
        ("  !title \u{e0000}", Command::Title),
        ("!title\u{e0000}", Command::Title),
        ("\u{200b}!optin\u{200d} \u{feff}", Command::OptIn),
    ] {
        assert_eq!(read(text), Some(command), "{text:?}");
    }
}

#[test]
fn a_command_used_wrongly_tells_how_it_is_used() {
    let long = format!("!addlink {} https://x.dev", "n".repeat(41));
    for (text, expected) in [
        ("!pedro", "!pedro question"),
        ("!pedro \u{e0000}", "!pedro question"),
        ("!titles 0", "!titles [1-10]"),
        ("!titles 11", "!titles [1-10]"),
        ("!titles 999", "!titles [1-10]"),
        ("!titles -1", "!titles [1-10]"),
        ("!titles many", "!titles [1-10]"),
        ("!pedro-pause 1441", "!pedro-pause [minutes|off]"),
        ("!pedro-pause 99999999999", "!pedro-pause [minutes|off]"),
        ("!pedro-pause 1.5", "!pedro-pause [minutes|off]"),
        ("!optout please", "!optout [storage|replies]"),
        ("!optout storage replies", "!optout [storage|replies]"),
        ("!forgetme what does it do?", "!forgetme"),
        ("!forget about it", "!forget"),
        ("!optin no", "!optin"),
        ("!dellink", "!dellink name"),
        ("!unteach", "!unteach name or question"),
        ("!unteach => ???", "!unteach name or question"),
        ("!dellink two words", "!dellink name"),
        ("!addlink", "!addlink name url [words]"),
        ("!addlink repo", "!addlink name url [words]"),
        (&long, "!addlink name url [words]"),
    ] {
        assert_eq!(usage(text).as_deref(), Some(expected), "{text:?}");
    }
}

#[test]
fn only_a_plain_web_address_makes_a_link() {
    for url in [
        "x.dev",
        "ftp://x.dev",
        "javascript:alert(1)",
        "https://",
        "https:x.dev",
        "https:\\\\x.dev",
        "file:///etc/passwd",
        "https://twitch.tv@evil.example",
        "https://a:b@x.dev",
        "http://x\u{0}.dev",
        "http://[::1",
        "data:text/html,hi",
        "//x.dev",
    ] {
        assert_eq!(read(&format!("!addlink name {url}")), None, "{url:?}");
    }
    for url in ["http://x.dev", "https://münchen.de/ß", "https://x.dev:8080/a?b=c#d", "http://[::1]/"] {
        assert_eq!(read(&format!("!addlink name {url}")), Some(add_link("name", url, "")), "{url:?}");
    }
    assert!(read(&format!("!addlink {} https://x.dev", "ñ".repeat(40))).is_some());
    assert_eq!(read("!addlink a\u{1}b https://x.dev"), None);
}

#[test]
fn what_is_not_pedros_is_left_alone() {
    for text in [
        "",
        "!",
        "! links",
        "!!links",
        "!linksfoo",
        "!foo",
        "!commands",
        "links",
        "hey !links",
        "@alice !links",
        "/links",
        "!pedro-",
        "!pedroland",
        "!link",
        "!pedro_bot hi",
        "¡links",
        "!forgetme?",
        "! ",
        "!,",
    ] {
        assert_eq!(parse(text, &ear()), None, "{text:?}");
    }
}

#[test]
fn a_prefix_may_be_of_any_length_and_an_empty_one_is_the_usual_one() {
    for (prefix, text, expected) in [
        ("p!", "p!title", Some(Command::Title)),
        ("p!", "P!Title", Some(Command::Title)),
        ("p!", "!title", None),
        ("!!", "!!title", Some(Command::Title)),
        ("!!", "!title", None),
        ("pedro ", "pedro   title", Some(Command::Title)),
        ("", "title", None),
        ("", "!title", Some(Command::Title)),
    ] {
        let ear = Ear { prefix: prefix.to_owned(), ..ear() };
        assert_eq!(parse(text, &ear).and_then(Result::ok), expected, "{prefix:?} {text:?}");
    }
}

#[test]
fn a_renamed_command_answers_only_to_its_new_name() {
    let mut ear = Ear { prefix: "?".to_owned(), ..ear() };
    for (name, here) in [
        ("addlink", "Keep"),
        ("links", "title"),
        ("title", "links"),
        ("help", ""),
        ("pedro", "forgetme"),
        ("optout", "hideme"),
    ] {
        ear.renamed.insert(name.to_owned(), here.to_owned());
    }
    let usage = Usage { command: "addlink", usage: "?Keep name url [words]".to_owned() };
    for (text, expected) in [
        ("?keep", Some(Err(usage))),
        ("?addlink a https://x.dev", None),
        ("?links", Some(Ok(Command::Title))),
        ("?title", Some(Ok(Command::Links(None)))),
        ("?help", None),
        ("?", None),
        ("?hideme", Some(Ok(Command::OptOut(OptOutOf::Storage)))),
        ("?optout", Some(Ok(Command::OptOut(OptOutOf::Storage)))),
        ("?forgetme", Some(Ok(Command::ForgetMe))),
    ] {
        assert_eq!(parse(text, &ear), expected, "{text}");
    }
}

#[test]
fn changing_a_channel_needs_a_moderator_and_ones_own_data_nobody() {
    for info in COMMANDS {
        let needs_moderator = ["addlink", "dellink", "forget", "teach", "unteach"].contains(&info.name)
            || info.name.starts_with("pedro-");
        let needs = if needs_moderator { Role::Moderator } else { Role::Viewer };
        let private = ["optout", "optin", "forgetme"].contains(&info.name);
        let usage = Usage { command: info.name, usage: info.usage(&ear()) };
        assert_eq!((info.needs, usage.needs(), usage.is_private()), (needs, needs, private), "{}", info.name);
        assert!(!info.help.is_empty(), "{}", info.name);
    }
}

#[test]
fn every_row_reads_the_command_of_its_name() {
    for info in COMMANDS {
        let read = ["", "word", "word https://x.dev", "2 redundant", "on", "on word", "named", "what? => that"]
            .into_iter()
            .find_map(info.read)
            .unwrap();
        assert_eq!(read.name(), info.name);
        assert_eq!(read.needs(), info.needs, "{}", info.name);
        assert_eq!(read.is_private(), info.is_private, "{}", info.name);
        let called = COMMANDS.iter().filter(|other| other.name == info.name).count();
        assert_eq!(called, 1, "{}", info.name);
    }
}

#[test]
fn teaching_needs_a_question_and_an_answer_and_chattiness_a_name() {
    let ear = ear();
    let taught = Command::Teach { question: "what desk?".to_owned(), answer: "wood => oak".to_owned() };
    assert_eq!(parse("!teach what  desk? => wood => oak", &ear), Some(Ok(taught)));
    assert_eq!(parse("!pedro-chattiness NAMED please", &ear), Some(Ok(Command::Chattiness(Chattiness::Named))));
    for wrong in [
        "!teach",
        "!teach what desk?",
        "!teach => wood",
        "!teach ? => wood",
        "!teach what desk? =>",
        "!pedro-chattiness",
        "!pedro-chattiness loud",
    ] {
        assert!(matches!(parse(wrong, &ear), Some(Err(_))), "{wrong}");
    }
}

#[test]
fn a_plan_is_asked_for_by_its_command_and_a_step_is_marked_by_its_number() {
    let ear = ear();
    for (text, expected) in [
        ("!plan what is new in Go?", Some(Ok(Command::Plan("what is new in Go?".to_owned())))),
        ("!mark 2 redundant", Some(Ok(Command::Mark { number: 2, event: StepEvent::MarkRedundant }))),
        ("!mark s1 failed", Some(Ok(Command::Mark { number: 1, event: StepEvent::MarkFailed }))),
        ("!pedro-agentic-mode OFF", Some(Ok(Command::AgenticMode(false)))),
        ("!retry", Some(Ok(Command::Retry))),
    ] {
        assert_eq!(parse(text, &ear), expected, "{text}");
    }
    for wrong in [
        "!plan",
        "!mark",
        "!mark 9 failed",
        "!mark 0 failed",
        "!mark 1 nice",
        "!pedro-agentic-mode maybe",
        "!recap 0",
        "!recap 169",
        "!recap yes",
        "!pedro-event on",
        "!pedro-event on a b",
    ] {
        assert!(matches!(parse(wrong, &ear), Some(Err(_))), "{wrong}");
    }
}
