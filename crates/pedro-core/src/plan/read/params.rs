//! What a step does it with: only what its action knows, and all that it needs.

use serde_json::{Map, Value};

use super::super::problem::list;
use super::super::{Action, Catalog, Problem};

/// Characters of a text.
const TEXT: usize = 2_000;
/// Characters of a web search.
const WEB_QUERY: usize = 400;

type Params = Map<String, Value>;

/// Reads the parameters of a step. What its action does not know is left out.
pub(super) fn read(
    step: &str,
    action: Action,
    given: Option<&Value>,
    catalog: &Catalog,
    problems: &mut Vec<Problem>,
) -> Params {
    let nothing = Params::new();
    let given = match given {
        None | Some(Value::Null) => &nothing,
        Some(Value::Object(given)) => given,
        Some(_) => {
            problems.push(Problem::BadParams { step: step.to_owned() });
            return nothing;
        }
    };
    let mut reader = Reader { step, given, params: Params::new(), problems };
    match action {
        Action::WebSearch => reader.need_text("query", WEB_QUERY),
        Action::ReferenceCheck => reader.need_text("query", TEXT),
        Action::ApiCall => reader.tool(catalog),
        Action::DbQuery => reader.query(catalog),
        Action::ReturnResponse => ["instructions", "query"].iter().for_each(|name| reader.take_text(name)),
    }
    reader.params
}

struct Reader<'a> {
    step: &'a str,
    given: &'a Params,
    params: Params,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn text(&self, name: &str) -> Option<String> {
        let text = clean(self.given.get(name)?.as_str()?);
        (!text.is_empty()).then_some(text)
    }

    fn put_text(&mut self, name: &str, text: String, limit: usize) {
        if text.chars().count() > limit {
            self.problems.push(Problem::TooLong { step: self.step.to_owned(), name: name.to_owned(), limit });
        } else {
            self.params.insert(name.to_owned(), Value::String(text));
        }
    }

    fn take_text(&mut self, name: &str) {
        if let Some(text) = self.text(name) {
            self.put_text(name, text, TEXT);
        }
    }

    fn need_text(&mut self, name: &'static str, limit: usize) {
        match self.text(name) {
            Some(text) => self.put_text(name, text, limit),
            None => self.problems.push(Problem::NoText { step: self.step.to_owned(), name }),
        }
    }

    fn tool(&mut self, catalog: &Catalog) {
        match self.text("tool").and_then(|name| catalog.tool(&name)) {
            Some(tool) => {
                self.params.insert("tool".to_owned(), Value::String(tool.name.clone()));
                self.need_all(&tool.name, &tool.params);
            }
            None if catalog.tools.is_empty() => self.nothing_to_use(Action::ApiCall),
            None => {
                let known = list(catalog.tools.iter().map(|tool| tool.name.as_str()));
                self.problems.push(Problem::UnknownTool { step: self.step.to_owned(), known });
            }
        }
    }

    /// The query's name may stand under `query` or `name`; it is kept under `query`.
    fn query(&mut self, catalog: &Catalog) {
        let named = |name| self.text(name).and_then(|name| catalog.query(&name));
        match named("query").or_else(|| named("name")) {
            Some(query) => {
                self.params.insert("query".to_owned(), Value::String(query.name.clone()));
                self.need_all(&query.name, &query.params);
            }
            None if catalog.queries.is_empty() => self.nothing_to_use(Action::DbQuery),
            None => {
                let known = list(catalog.queries.iter().map(|query| query.name.as_str()));
                self.problems.push(Problem::UnknownQuery { step: self.step.to_owned(), known });
            }
        }
    }

    fn need_all(&mut self, of: &str, names: &[String]) {
        for name in names {
            match self.given.get(name) {
                Some(number @ Value::Number(_)) => _ = self.params.insert(name.clone(), number.clone()),
                _ => match self.text(name) {
                    Some(text) => self.put_text(name, text, TEXT),
                    None => self.problems.push(Problem::NoParam {
                        step: self.step.to_owned(),
                        name: name.clone(),
                        of: of.to_owned(),
                    }),
                },
            }
        }
    }

    fn nothing_to_use(&mut self, action: Action) {
        self.problems.push(Problem::NothingToUse { step: self.step.to_owned(), action });
    }
}

/// Without control characters: a table takes no NUL, and nobody misses the others.
fn clean(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    text.trim().to_owned()
}
