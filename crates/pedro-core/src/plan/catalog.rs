//! What plans can be made of at a place.

/// The APIs that the operator listed and the named queries. A plan that names anything else is no plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    /// What `api_call` can ask.
    pub tools: Vec<CatalogEntry>,
    /// What `db_query` can read.
    pub queries: Vec<CatalogEntry>,
}

/// Something that a step can be asked for by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogEntry {
    /// Its name in plans: the parameter `tool` of an API, `query` of a query.
    pub name: String,
    /// What it is good for, for whoever plans.
    pub description: String,
    /// What an API must be given, what a query may be given; nothing else is. None is called like the name's parameter.
    pub params: Vec<String>,
}

impl Catalog {
    /// The API of that name, in any case.
    pub fn tool(&self, name: &str) -> Option<&CatalogEntry> {
        self.tools.iter().find(|tool| tool.name.eq_ignore_ascii_case(name.trim()))
    }

    /// The query of that name, in any case.
    pub fn query(&self, name: &str) -> Option<&CatalogEntry> {
        self.queries.iter().find(|query| query.name.eq_ignore_ascii_case(name.trim()))
    }
}

#[cfg(test)]
impl Catalog {
    /// A catalog to plan with.
    pub(super) fn example() -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let entry = |name: &str, params: &[&str]| CatalogEntry {
            name: name.to_owned(),
            description: String::new(),
            params: texts(params),
        };
        Self {
            tools: vec![entry("openai", &["query"]), entry("weather", &["city", "days"])],
            queries: vec![entry("links", &["word"]), entry("titles", &[])],
        }
    }
}
