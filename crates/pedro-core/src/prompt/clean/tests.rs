use super::*;

fn names() -> Vec<String> {
    ["Pedro", "Pedro_el_asistente"].map(str::to_owned).into()
}

fn twitch(text: &str) -> String {
    clean(text, &CleanRules { platform: Platform::Twitch, links_allowed: false, own_names: &names() })
}

fn twitch_with_links(text: &str) -> String {
    clean(text, &CleanRules { platform: Platform::Twitch, links_allowed: true, own_names: &names() })
}

fn discord(text: &str) -> String {
    clean(text, &CleanRules { platform: Platform::Discord, links_allowed: true, own_names: &names() })
}

#[test]
fn thinking_is_never_sent() {
    for (text, expected) in [
        ("<think>hm\nhm</think>\n\nHi!", "Hi!"),
        ("<THINK>a</Think> Hi", "Hi"),
        ("the user wants</think>Hi", "Hi"),
        ("<think>a<think>b</think>c</think>Hi", "Hi"),
        ("Hi <think>and now", "Hi"),
        ("<think>for ever", ""),
        ("<th\u{200B}ink>x</think>Hi", "Hi"),
        ("<thinking>x</thinking>Hi", "Hi"),
        ("Hi <think", "Hi"),
        ("<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Hi", "Hi"),
    ] {
        assert_eq!(twitch(text), expected, "{text}");
        assert_eq!(discord(text), expected, "{text}");
    }
    assert_eq!(twitch(&format!("<think>{}</think>Hi", "hm ".repeat(10_000))), "Hi");
}

#[test]
fn tokens_and_labels_of_the_template_are_removed() {
    for (text, expected) in [
        ("Hi<|im_end|>", "Hi"),
        ("Hi<|eot_id|></s>", "Hi"),
        ("[INST] Hi [/INST]", "Hi"),
        ("<s>Hi</s>", "Hi"),
        ("<|im_start|>assistant\nHi<|im_end|>\n<|im_start|>user\nand you?", "Hi"),
        ("<|start_header_id|>assistant<|end_header_id|>\n\nHi", "Hi"),
        ("<start_of_turn>model\nHi<end_of_turn>", "Hi"),
        ("<｜Assistant｜>Hi<｜end▁of▁sentence｜>", "Hi"),
        ("Hi<|im_en", "Hi"),
        ("<|im_<|x|>end|>Hi", "Hi"),
        ("assistant: Hi", "Hi"),
        ("Assistant : Pedro: **PEDRO:** @pedro_el_asistente: Hi", "Hi"),
        ("**Pedro**: Hi", "Hi"),
        ("### Response:\nHi", "Hi"),
        ("[2026-11-20 19:31] Pedro: Hi", "Hi"),
        ("\"\"\"\nPedro: Hi\n\"\"\"", "Hi"),
        ("My advice: Pedro: no", "My advice: Pedro: no"),
        ("Pedro likes this: Go", "Pedro likes this: Go"),
    ] {
        assert_eq!(twitch(text), expected, "{text}");
        assert_eq!(discord(text), expected, "{text}");
    }
}

#[test]
fn nothing_pings() {
    for (text, expected) in [
        ("hi @everyone and @here", "hi everyone and here"),
        ("@@EVERYONE", "EVERYONE"),
        ("@\u{200B}every\u{2060}one", "everyone"),
        ("@every<@1>one", "everyone"),
        ("<<@1>@123>", ""),
        ("ask <@123>, <@!123>, <@&1> or <#1>", "ask , ,  or"),
        ("hello @alice", "hello @alice"),
        // Cyrillic and wide letters ping nobody, but look as if they did.
        ("@еvеryоnе, @Һеrе and @ｅｖｅｒｙｏｎｅ", "еvеryоnе, Һеrе and ｅｖｅｒｙｏｎｅ"),
        ("@évéryone ﹫everyone", "évéryone everyone"),
        ("@everest", "@everest"),
    ] {
        assert_eq!(discord(text), expected, "{text}");
        assert!(!twitch(text).contains("<@"));
    }
}

#[test]
fn on_twitch_an_answer_is_one_plain_line() {
    for (text, expected) in [
        (
            "# Title\n\nsome **bold** and *italic* and __this__ and _that_",
            "Title some bold and italic and this and that",
        ),
        ("- one\n- two\n* three\n> four", "one two three four"),
        ("```go\nfmt.Println(\"hi\")\n```", "fmt.Println(\"hi\")"),
        ("use `go test`, ~~not~~ this", "use go test, not this"),
        ("**Go** is *fun*!", "Go is fun!"),
        ("***both***", "both"),
        ("a\u{2028}b\r\nc\td", "a b c d"),
        ("2 * 3 * 4 = 24, 2*3*4, 2**3", "2 * 3 * 4 = 24, 2*3*4, 2**3"),
        ("soypete_tech and snake_case_name", "soypete_tech and snake_case_name"),
        ("**unclosed bold", "unclosed bold"),
        ("soypet2Love 👩‍💻 ❤️ :) >_<", "soypet2Love 👩‍💻 ❤️ :) >_<"),
        ("x := *p", "x := *p"),
    ] {
        assert_eq!(twitch(text), expected, "{text}");
    }
}

#[test]
fn on_twitch_an_answer_is_never_a_command() {
    for (text, expected) in [
        ("/ban alice", "ban alice"),
        ("!title x", "title x"),
        ("./!. / /me waves", "me waves"),
        ("\u{200B}/\u{FE0F}ban alice", "ban alice"),
        ("\u{2800}/ban", "ban"),
        ("`/ban` x", "ban x"),
        ("**/ban** x", "ban x"),
        ("Pedro: /ban x", "ban x"),
        ("<think>x</think>\n/ban x", "ban x"),
        ("https://evil.example /ban x", "ban x"),
        ("- /ban x", "ban x"),
        ("\u{E0041}/ban", "ban"),
        ("!!!", ""),
        ("and/or", "and/or"),
    ] {
        assert_eq!(twitch(text), expected, "{text}");
    }
}

#[test]
fn links_are_removed_where_they_are_not_allowed() {
    for (text, expected) in [
        ("see https://evil.example/x?y=1.", "see."),
        ("see evil.example/x now", "see now"),
        ("go to www.evil.org, please", "go to, please"),
        ("bit.ly/abc and discord.gg/abc", "and"),
        ("it is at GitHub.com!", "it is at GitHub.com!".replace(" GitHub.com", "").as_str()),
        ("mail me@evil.com", "mail"),
        ("the repo (https://github.com/x) is nice", "the repo is nice"),
        ("[the site](https://evil.com)", "the site"),
        ("[https://evil.com](https://evil.com)", ""),
        ("twitch.tv:443/x steam://run/1", ""),
        ("xn--e1afmkfd.xn--p1ai", ""),
        ("http\u{200B}s://evil.com", ""),
        ("ev**il.c**om", "ev**il.c**om"),
        ("ask x@www.host.everyone now", "ask now"),
        ("see é.ab://host/x there", "see é. there"),
    ] {
        assert_eq!(twitch(text), expected, "{text}");
    }
}

#[test]
fn what_only_looks_like_a_link_stays() {
    for text in [
        "node.js and vue.js/react",
        "e.g. this, i.e. that",
        "main.go, README.md and index.html",
        "v1.2.3 at 19:00",
        "and/or 24/7 TCP/IP",
        "fmt.Println and strings.Split",
        "ASP.NET and Socket.IO",
        "Wait...what",
        "I know.so do you",
        "3.5 GB",
        "a.m. or p.m.",
        "Hi.There",
        "call main() (now)",
        "U.S. time",
    ] {
        assert_eq!(twitch(text), text);
    }
}

#[test]
fn allowed_links_stay() {
    for (text, expected) in [
        ("see https://soypetetech.com/a_b_c", "see https://soypetetech.com/a_b_c"),
        ("[the site](https://soypetetech.com) is up", "the site https://soypetetech.com is up"),
        ("[https://a.com](https://a.com)", "https://a.com"),
        ("<https://linktr.ee/soypete_tech>", "<https://linktr.ee/soypete_tech>"),
    ] {
        assert_eq!(twitch_with_links(text), expected, "{text}");
    }
}

#[test]
fn on_discord_markdown_links_and_lines_stay() {
    let text = "# Go\n\n- **bold** [site](https://soypetetech.com)\n```go\nfunc main() {\n    if x {\n    }\n}\n```\n/askpedro is the command";
    assert_eq!(discord(text), text);
    assert_eq!(discord("\u{202E}/ok"), "/ok");
}

#[test]
fn hostile_output_is_cleaned_for_good() {
    const PIECES: [&str; 44] = [
        "/",
        ".",
        "!",
        " ",
        "\n",
        "\t",
        "*",
        "**",
        "_",
        "~~",
        "`",
        "```",
        "#",
        "# ",
        "- ",
        "> ",
        "[",
        "](",
        ")",
        "<",
        "@",
        "everyone",
        "<@1>",
        "<#",
        "1>",
        "<|",
        "|>",
        "im_end",
        "<think>",
        "</think>",
        "Pedro:",
        "assistant:",
        "https://",
        "evil.com",
        "/x",
        "\u{200D}",
        "\u{FE0F}",
        "👩",
        "\u{E0061}",
        "\u{1F3F4}",
        "\"\"\"",
        "word ",
        "\\",
        "[2026-11-20 19:31] ",
    ];
    let mut seed = 42_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for _ in 0..1500 {
        let length = random(30);
        let text: String = (0..length).map(|_| PIECES[random(PIECES.len())]).collect();
        for cleaned in [twitch(&text), twitch_with_links(&text)] {
            assert!(
                !cleaned.starts_with(['/', '.', '!', ' ']) && !cleaned.contains('\n'),
                "{text:?} became {cleaned:?}"
            );
        }
        assert_eq!(twitch(&twitch(&text)), twitch(&text), "{text:?}");
        assert_eq!(discord(&discord(&text)), discord(&text), "{text:?}");
        assert!(!discord(&text).contains("@everyone") && !discord(&text).contains("<@1>"), "{text:?}");
    }
}

#[test]
fn endless_nesting_ends() {
    for text in [
        "<@".repeat(3000) + &"1>".repeat(3000),
        "Pedro: - ".repeat(2000),
        "[".repeat(3000) + &"](b)".repeat(3000),
        "*".repeat(9000),
    ] {
        assert!(!twitch(&text).contains("<@1"));
    }
}

#[test]
fn what_random_outputs_have_shown_is_cleaned_too() {
    for (text, expected) in [
        // A tag of a thought that is never closed, with another bracket in it.
        ("Hi <think@every<<", "Hi"),
        ("Hi </think there", "Hi  there"),
        // A pile of marks is one grapheme, which would not fit into any message.
        (&format!("a{} b", "\u{301}".repeat(3_000)), &format!("a{} b", "\u{301}".repeat(31))),
    ] {
        assert_eq!(discord(text), expected, "{text:?}");
    }
}
