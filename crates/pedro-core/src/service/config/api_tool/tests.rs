use chrono_tz::Tz;

use super::super::community_file::parse;
use super::*;

/// The APIs of a file; `WEATHER_KEY` and `TOO_ODD` are set in the environment.
fn read_tools(yaml: &str) -> Result<Vec<ApiToolSettings>, String> {
    let mut problems = ConfigProblems::default();
    let environment: Environment = |name| match name {
        "WEATHER_KEY" => Some("hunter2".to_owned()),
        "TOO_ODD" => Some("hunter2\u{1}".to_owned()),
        _ => None,
    };
    let file = parse(yaml, Path::new("pedro.yaml"), Tz::UTC, environment, &mut problems);
    problems.into_result(()).map_err(|problems| problems.to_string())?;
    Ok(file.unwrap_or_default().api_tools)
}

#[test]
fn everything_that_can_be_said_of_an_api_is_read() {
    let yaml = r#"
api_tools:
  - name: weather
    description: the weather  of a city
    url: https://example.org/v1/{city}?units={units}
  - name: ask
    description: asks something
    method: post
    url: http://10.0.0.7/ask
    body: {question: "{query}", deep: {n: 3, list: [a, true, null]}}
    secret: {env: WEATHER_KEY, header: Authorization, prefix: "Bearer "}
    allow_private: true
    timeout_seconds: 60
    max_bytes: 2048
    result: /answer/text
  - name: text
    description: its body is JSON in a text
    method: POST
    url: https://example.org/
    body: '{"q": "{query}"}'
"#;
    let tools = read_tools(yaml).unwrap();
    let [weather, ask, text] = &tools[..] else { panic!("three APIs") };
    assert_eq!((weather.name.as_str(), weather.description.as_str()), ("weather", "the weather of a city"));
    assert_eq!((weather.params(), weather.method), (vec!["city".to_owned(), "units".to_owned()], ApiMethod::Get));
    assert_eq!((weather.timeout.as_secs(), weather.max_bytes, weather.allow_private), (15, 65_536, false));
    assert_eq!((ask.timeout.as_secs(), ask.max_bytes, ask.allow_private), (60, 2048, true));
    assert_eq!((ask.method, ask.result.as_deref()), (ApiMethod::Post, Some("/answer/text")));
    let secret = ask.secret.as_ref().unwrap();
    assert_eq!((secret.header.as_str(), secret.value.to_str().unwrap()), ("authorization", "Bearer hunter2"));
    assert_eq!((ask.params(), text.params()), (vec!["query".to_owned()], vec!["query".to_owned()]));
    assert!(!format!("{tools:?}").contains("hunter2"));
}

#[test]
fn every_wrong_value_of_an_api_is_told_with_its_line_and_no_secret_is() {
    let yaml = "api_tools:
  - name: Weather Now
    description: \"\"
    method: delete
    url: ftp://example.org/
  - name: openai
    description: x
    url: https://{query}.example.org/
    body: {a: b}
    secret: {env: UNSET_KEY, header: no header}
    timeout_seconds: 1000
    max_bytes: 5
    result: answer
  - {name: one, description: x, url: 'https://example.org/{tool}', secret: {env: TOO_ODD, header: x-key}}
  - {name: one, description: x, url: 'https://example.org/', method: POST, body: '{'}
";
    let told = read_tools(yaml).unwrap_err();
    let expected = [
        "pedro.yaml:2 api_tools[0].name: \"Weather Now\" is no name",
        "pedro.yaml:3 api_tools[0].description: has 0 characters",
        "pedro.yaml:4 api_tools[0].method: \"delete\" is no method",
        "pedro.yaml:5 api_tools[0].url: is no http URL",
        "pedro.yaml:6 api_tools[1].name: \"openai\" is built in",
        "pedro.yaml:8 api_tools[1].url: has a placeholder before its path",
        "api_tools[1].body: is given, and the method is GET",
        "pedro.yaml:10 api_tools[1].secret.header: \"no header\" is no name of a header",
        "pedro.yaml:10 api_tools[1].secret.env: names UNSET_KEY, which is not set",
        "pedro.yaml:11 api_tools[1].timeout_seconds: 1000 is no number from 1 to 120",
        "pedro.yaml:12 api_tools[1].max_bytes: 5 is no number from 1024 to 1048576",
        "pedro.yaml:13 api_tools[1].result: \"answer\" is no JSON pointer",
        "pedro.yaml:14 api_tools[2].url: has a placeholder {tool}",
        "pedro.yaml:14 api_tools[2].secret.env: names TOO_ODD, whose value fits into no header",
        "pedro.yaml:15 api_tools[3].name: \"one\" is the name of two APIs",
        "pedro.yaml:15 api_tools[3].body: is no JSON",
    ];
    for line in expected {
        assert!(told.contains(line), "{line}\nis not in\n{told}");
    }
    assert_eq!(told.lines().count(), expected.len() + 1, "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    for yaml in ["api_tools:\n  - name: a\n    colour: red\n", "api_tools: 5\n", "api_tools: []\n"] {
        assert_eq!(read_tools(yaml).unwrap_err().lines().count(), 2, "{yaml}");
    }
}
