//! Who can be asked.

use serde::{Deserialize, Serialize};

/// Somebody who answers searches; and the traps, which are asked in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// SearXNG: `/searx/search?q=&format=json`.
    Searxng,
    /// DuckDuckGo's page without JavaScript: `/ddg/html/?q=`.
    DuckDuckGo,
    /// DuckDuckGo's instant answers: `/ddg/api/?q=&format=json`.
    Answers,
    /// Brave's API: `/brave/res/v1/web/search?q=`.
    Brave,
    /// Wikipedia's API: `/wikipedia/w/api.php` and `/wikipedia/api/rest_v1/page/summary/{title}`.
    Wikipedia,
    /// No provider: `/trap/redirect`, `/trap/big`, `/trap/slow`, `/trap/echo`.
    Trap,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Searxng, Self::DuckDuckGo, Self::Answers, Self::Brave, Self::Wikipedia, Self::Trap];
}
