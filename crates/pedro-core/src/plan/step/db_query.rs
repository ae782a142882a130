//! A step that reads one of the named queries over what Pedro has. The model names a query and gives its parameters; it
//! never writes SQL.

mod told;

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value};
use sqlx::PgPool;

use super::{CatalogEntry, text};
use crate::chat::{ChannelId, CommunityId, Platform};
use crate::memory::cue::{TimeRange, time_range};
use crate::memory::{PersonHasher, Retriever};
use crate::plan::{Citation, StepError, StepOutput};
use crate::reply::step as say;
use crate::service::config::text_of;
use crate::store::statistics::{self, Extent, Writer};
use crate::store::{StoreError, channel, link, opt_out, stream_title, trained_prompt};

/// The parameter that names the query.
pub const QUERY: &str = "query";

const LINKS: &str = "links";
const STREAM_TITLES: &str = "stream_titles";
const CURRENT_TITLE: &str = "current_title";
const CHAT_STATISTICS: &str = "chat_statistics";
const FIRST_MESSAGE: &str = "first_message";
const TRAINED_PROMPTS: &str = "trained_prompts";

/// Every query: its name, what it tells, and its parameters.
const QUERIES: [(&str, &str, &[&str]); 6] = [
    (LINKS, "the community's links; with a word, or a question, those that fit it", &["word"]),
    (
        STREAM_TITLES,
        "what was streamed: the last titles (count), or those of a time (when: last Tuesday)",
        &["count", "when"],
    ),
    (CURRENT_TITLE, "the stream's title now, its category, and whether it is live", &[]),
    (CHAT_STATISTICS, "how much was said, who wrote most, the busiest day (when: today, last week, all)", &["when"]),
    (TRAINED_PROMPTS, "what I was taught to answer; with a word, what is about it", &["word"]),
    (FIRST_MESSAGE, "the first thing that a person wrote here", &["person"]),
];

const MOST_LINKS: i64 = 8;
const MOST_TITLES: i64 = 20;
const TITLES: i64 = 5;
const MOST_WRITERS: usize = 5;
/// Looked at to find them: some of those who write most may not want to be named.
const WRITERS_READ: i64 = 30;
/// A parameter is a name, a word, a time, or at most a question.
const PARAM_CHARS: usize = 500;

/// Words for "at any time".
const ALWAYS: [&str; 6] = ["all", "ever", "always", "all time", "any", "overall"];

/// Where the answer goes, and when it is asked.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    /// Whose tables.
    pub community: CommunityId,
    /// The channel of the answer: only what everybody there can read is read.
    pub place: Option<ChannelId>,
    /// The community's time zone.
    pub zone: Tz,
    /// Now.
    pub now: DateTime<Utc>,
}

/// Reads the named queries.
pub struct DbQuery {
    pool: PgPool,
    retriever: Arc<Retriever>,
    hasher: PersonHasher,
}

/// Why a query told nothing.
enum QueryError {
    /// What is asked for cannot be asked so.
    Asked(String),
    /// The database did not answer.
    Store(StoreError),
}

impl From<StoreError> for QueryError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl DbQuery {
    /// Reads from this database; `retriever` finds links by meaning, `hasher` knows people who opted out.
    pub fn new(pool: PgPool, retriever: Arc<Retriever>, hasher: PersonHasher) -> Self {
        Self { pool, retriever, hasher }
    }

    /// What can be asked, for the planner's prompt.
    pub fn catalog() -> Vec<CatalogEntry> {
        let entry = |(name, description, params): &(&str, &str, &[&str])| CatalogEntry {
            name: (*name).to_owned(),
            description: (*description).to_owned(),
            params: params.iter().map(|param| (*param).to_owned()).collect(),
        };
        QUERIES.iter().map(entry).collect()
    }

    /// Reads the query that `params` name as `query`, with the others among them.
    ///
    /// # Errors
    /// [`StepError::Refused`] if there is no such query, or it has no such parameter; [`StepError::Failed`] while the
    /// database is away.
    pub async fn run(&self, params: &Map<String, Value>, scope: &Scope) -> Result<StepOutput, StepError> {
        let name = params.get(QUERY).and_then(Value::as_str).unwrap_or_default().trim();
        let result = match checked(name, params) {
            Ok(given) => self.read(name, &given, scope).await,
            Err(error) => Err(error),
        };
        result.map_err(|error| match error {
            QueryError::Asked(why) => StepError::Refused(why),
            QueryError::Store(error) => {
                tracing::warn!(query = name, "a query of a plan failed: {error}");
                StepError::Failed(say::tables_away())
            }
        })
    }

    async fn read(&self, name: &str, given: &Given, scope: &Scope) -> Result<StepOutput, QueryError> {
        match name {
            LINKS => self.links(given.get("word"), scope).await,
            STREAM_TITLES => self.titles(given, scope).await,
            CURRENT_TITLE => {
                let place = scope.place.unwrap_or(ChannelId(0));
                let title = stream_title::current(&self.pool, scope.community, place).await?;
                Ok(only(told::current_title(title.as_ref(), scope.zone)))
            }
            TRAINED_PROMPTS => {
                let prompts = trained_prompt::list(&self.pool, scope.community).await?;
                Ok(only(told::trained_prompts(&prompts, given.get("word"))))
            }
            CHAT_STATISTICS => self.statistics(given.when(scope)?, scope).await,
            _ => self.first_message(given.get("person"), scope).await,
        }
    }

    async fn links(&self, word: Option<&str>, scope: &Scope) -> Result<StepOutput, QueryError> {
        let links = match word {
            Some(word) => self.retriever.links(scope.community, word, MOST_LINKS).await?,
            None => link::list(&self.pool, scope.community).await?,
        };
        let citations = links.iter().map(|link| Citation { title: link.name.clone(), url: Some(link.url.clone()) });
        Ok(StepOutput { citations: citations.take(MOST_LINKS as usize).collect(), ..only(told::links(&links, word)) })
    }

    async fn titles(&self, given: &Given, scope: &Scope) -> Result<StepOutput, QueryError> {
        let when = given.when(scope)?;
        let count =
            given.get("count").map(|count| count.parse::<i64>().map_err(|_| QueryError::Asked(say::no_number())));
        let count =
            count.transpose()?.unwrap_or(if when.is_some() { MOST_TITLES } else { TITLES }).clamp(1, MOST_TITLES);
        let titles = match &when {
            Some(when) => stream_title::during(&self.pool, scope.community, when.from, when.until, count).await?,
            None => stream_title::latest(&self.pool, scope.community, count).await?,
        };
        Ok(only(told::titles(&titles, when.as_ref(), scope.zone)))
    }

    async fn statistics(&self, when: Option<TimeRange>, scope: &Scope) -> Result<StepOutput, QueryError> {
        let mut extent = self.extent(scope).await?;
        if let Some(when) = &when {
            extent = extent.within(when.from, when.until);
        }
        let (totals, writers, busiest) = tokio::try_join!(
            statistics::totals(&self.pool, &extent),
            statistics::writers(&self.pool, &extent, WRITERS_READ),
            statistics::busiest_day(&self.pool, &extent, scope.zone.name()),
        )?;
        let named =
            self.without_opted_out(writers, |writer: &Writer| (writer.platform, &writer.platform_user_id)).await?;
        let named: Vec<Writer> = named.into_iter().take(MOST_WRITERS).collect();
        let sources = named.iter().map(|writer| writer.latest).collect();
        Ok(StepOutput { sources, ..only(told::statistics(&totals, &named, busiest, when.as_ref(), scope.zone)) })
    }

    async fn first_message(&self, person: Option<&str>, scope: &Scope) -> Result<StepOutput, QueryError> {
        let name = person.map(|name| name.trim_start_matches('@').to_lowercase());
        let name = name.ok_or_else(|| QueryError::Asked(say::query_lacks("person")))?;
        let lines = statistics::first_lines(&self.pool, &self.extent(scope).await?, &name).await?;
        let lines = self.without_opted_out(lines, |line| (line.platform, &line.platform_user_id)).await?;
        let Some(line) = lines.first() else { return Ok(only(told::unknown_person(&name))) };
        let citations = vec![Citation { title: told::who_and_when(line, scope.zone), url: None }];
        Ok(StepOutput { sources: vec![line.id], citations, ..only(told::first_line(line, scope.zone)) })
    }

    /// All lines that everybody in the place of the answer can read.
    async fn extent(&self, scope: &Scope) -> Result<Extent, StoreError> {
        Ok(Extent::of(&channel::readable_from(&self.pool, scope.community, scope.place).await?))
    }

    /// Those who may be named.
    async fn without_opted_out<T>(
        &self,
        people: Vec<T>,
        who: impl Fn(&T) -> (Platform, &String),
    ) -> Result<Vec<T>, StoreError> {
        let hash = |person: &T| {
            let (platform, id) = who(person);
            self.hasher.hash(platform, id)
        };
        let hashes: Vec<Vec<u8>> = people.iter().map(hash).collect();
        let opted_out = opt_out::find(&self.pool, &hashes).await?;
        let opted_out: HashSet<Vec<u8>> = opted_out.into_iter().map(|(hash, _)| hash).collect();
        Ok(people.into_iter().zip(hashes).filter(|(_, hash)| !opted_out.contains(hash)).map(|(one, _)| one).collect())
    }
}

/// The parameters of a query, as text. What was given empty was not given.
struct Given(Vec<(String, String)>);

impl Given {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The time that is asked about; `None`: at any time.
    fn when(&self, scope: &Scope) -> Result<Option<TimeRange>, QueryError> {
        let Some(when) = self.get("when").filter(|when| !ALWAYS.contains(&when.to_lowercase().as_str())) else {
            return Ok(None);
        };
        // As it is said within a sentence: "on Tuesday", "in May".
        let said = [when.to_owned(), format!("on {when}"), format!("in {when}")];
        let range = said.iter().find_map(|said| time_range(said, scope.now, scope.zone));
        range.map(Some).ok_or_else(|| QueryError::Asked(say::no_time()))
    }
}

/// The parameters, if they are those of a query that there is.
fn checked(name: &str, params: &Map<String, Value>) -> Result<Given, QueryError> {
    let known = QUERIES.iter().find(|(known, ..)| *known == name);
    let (.., known) = known.ok_or_else(|| QueryError::Asked(say::query_unknown()))?;
    let mut given = Vec::new();
    for (param, value) in params.iter().filter(|(param, _)| *param != QUERY) {
        let is_empty = value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
        match text_of(value) {
            _ if !known.contains(&param.as_str()) => return Err(QueryError::Asked(say::query_param_unknown())),
            _ if is_empty => {}
            Some(value) => given.push((param.clone(), text::one_line(&value).chars().take(PARAM_CHARS).collect())),
            None => return Err(QueryError::Asked(say::query_param_unknown())),
        }
    }
    Ok(Given(given))
}

/// A text that names nobody.
fn only(text: String) -> StepOutput {
    StepOutput { text, ..StepOutput::default() }
}
