//! What plans can be made of at a place.

/// The APIs that the operator listed and the named queries. A plan that names anything else is no plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    /// What `api_call` can ask.
    pub tools: Vec<ToolInfo>,
    /// What `db_query` can read.
    pub queries: Vec<QueryInfo>,
}

/// An API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolInfo {
    /// Its name in plans: the parameter `tool`.
    pub name: String,
    /// What it is good for, for whoever plans.
    pub description: String,
    /// What it must be given, and all that it is given. None is called `tool`.
    pub params: Vec<String>,
}

/// A named query over Pedro's own tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryInfo {
    /// Its name in plans: the parameter `query`.
    pub name: String,
    /// What it tells, for whoever plans.
    pub description: String,
    /// What it must be given, and all that it is given. None is called `query`.
    pub params: Vec<String>,
}

impl Catalog {
    /// The API of that name, in any case.
    pub fn tool(&self, name: &str) -> Option<&ToolInfo> {
        self.tools.iter().find(|tool| tool.name.eq_ignore_ascii_case(name.trim()))
    }

    /// The query of that name, in any case.
    pub fn query(&self, name: &str) -> Option<&QueryInfo> {
        self.queries.iter().find(|query| query.name.eq_ignore_ascii_case(name.trim()))
    }
}

#[cfg(test)]
impl Catalog {
    /// A catalog to plan with.
    pub(super) fn example() -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let tool = |name: &str, params: &[&str]| ToolInfo {
            name: name.to_owned(),
            description: String::new(),
            params: texts(params),
        };
        let query = |name: &str, params: &[&str]| QueryInfo {
            name: name.to_owned(),
            description: String::new(),
            params: texts(params),
        };
        Self {
            tools: vec![tool("openai", &["query"]), tool("weather", &["city", "days"])],
            queries: vec![query("links", &["word"]), query("titles", &[])],
        }
    }
}
