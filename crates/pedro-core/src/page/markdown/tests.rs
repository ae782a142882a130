use super::*;

/// The runs as short marks: `b(bold) i(italic) c(code) a(link address)`.
fn drawn(runs: &[Run]) -> String {
    let one = |run: &Run| {
        let mut text = run.text.clone();
        for (is, mark) in [(run.code, "c"), (run.italic, "i"), (run.bold, "b")] {
            if is {
                text = format!("{mark}({text})");
            }
        }
        run.url.as_ref().map_or(text.clone(), |url| format!("a({text} {url})"))
    };
    runs.iter().map(one).collect()
}

fn line(text: &str) -> String {
    match blocks(text).as_slice() {
        [Block::Paragraph { lines }] => lines.iter().map(|runs| drawn(runs)).collect::<Vec<_>>().join("|"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn words_are_marked_as_in_chat() {
    let cases = [
        ("a **bold** move", "a b(bold) move"),
        ("*so* _so_", "i(so) i(so)"),
        ("**bold and *both***", "b(bold and )b(i(both))"),
        ("***all***", "b(i(all))"),
        ("run `go test ./...` now", "run c(go test ./...) now"),
        ("``a ` tick``", "c(a ` tick)"),
        ("`**not bold**`", "c(**not bold**)"),
        (r"\*plain\*", "*plain*"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("**no end, _no end, `no end, [no end", "**no end, _no end, `no end, [no end"),
        ("one\ntwo", "one|two"),
    ];
    for (text, expected) in cases {
        assert_eq!(line(text), expected, "{text}");
    }
}

#[test]
fn only_addresses_of_the_web_become_links() {
    let cases = [
        ("[Tour](https://go.dev/tour)", "a(Tour https://go.dev/tour)"),
        ("[**Tour**](<https://go.dev/tour>)", "a(b(Tour) https://go.dev/tour)"),
        ("see https://go.dev/doc.", "see a(https://go.dev/doc https://go.dev/doc)."),
        ("(https://x.test/a_(b))", "(a(https://x.test/a_(b) https://x.test/a_(b)))"),
        ("<https://go.dev>", "a(https://go.dev https://go.dev/)"),
        ("[click](javascript:alert(1))", "[click](javascript:alert(1))"),
        ("[click](data:text/html,x)", "[click](data:text/html,x)"),
        ("[bank](https://bank.test@evil.test/)", "[bank](https://bank.test@evil.test/)"),
        ("xhttp://no.test", "xhttp://no.test"),
        ("as in [[1]](https://x.test)", "as in a([1] https://x.test/)"),
        ("[a [b](https://x.test)](https://y.test)", "a(a [b](https://x.test) https://y.test/)"),
    ];
    for (text, expected) in cases {
        assert_eq!(line(text), expected, "{text}");
    }
}

#[test]
fn lines_become_blocks() {
    let text =
        "# Go\nintro\n\n- one\n- two\n\n3. three\n4. four\n> said\n> so\n```go\nfunc main() {}\n\n// **x**\n```\nend";
    let shapes: Vec<String> = blocks(text)
        .iter()
        .map(|block| match block {
            Block::Paragraph { lines } => format!("p{}", lines.len()),
            Block::Heading { runs } => format!("h:{}", drawn(runs)),
            Block::List { items } => format!("ul{}", items.len()),
            Block::Numbers { from, items } => format!("ol{from}+{}", items.len()),
            Block::Quote { lines } => format!("q{}", lines.len()),
            Block::Code { text } => format!("c:{text}"),
        })
        .collect();
    let expected = ["h:Go", "p1", "ul2", "ol3+2", "q2", "c:func main() {}\n\n// **x**", "p1"];
    assert_eq!(shapes, expected);
}

#[test]
fn a_fence_that_was_not_closed_takes_the_rest() {
    assert_eq!(blocks("```\na\nb"), [Block::Code { text: "a\nb".to_owned() }]);
    assert_eq!(line("```x``` y"), "c(x) y");
    assert_eq!(blocks(" \n\n"), []);
}

#[test]
fn ten_thousand_marks_are_read_quickly() {
    for text in ["**".repeat(10_000), "[".repeat(20_000), "*a_b`".repeat(4_000), "w".repeat(50_000)] {
        let began = std::time::Instant::now();
        assert!(!blocks(&text).is_empty());
        assert!(began.elapsed().as_secs() < 3, "{} {:?}", &text[..4], began.elapsed());
    }
}
