//! What holds for whatever stands in the file of communities and APIs.

use proptest::prelude::*;

use super::*;
use crate::testing::cases;
use crate::testing::strange_yaml::{laughter, near};

const VALID: &str = "communities:\n  - name: town\n    time_zone: America/Denver\n    twitch: [\"#Town\", town_two]\n    discord: [112233445566778899]\n    nicknames: [pete bot]\n    relay_user_id: 491234\n    other_bots: [MyBot]\n    prefix: \"?\"\n    commands: {links: urls, title: \"\"}\n    links_allowed: false\n    chattiness: named\n    deny: [pineapple]\n    plan_tags: [\"#plan\"]\n    retention_days: 30\n  - {name: village}\napi_tools:\n  - name: weather\n    description: tells the weather\n    url: https://example.org/{city}?days={days}\n    secret: {env: WEATHER_KEY, header: Authorization, prefix: 'Bearer '}\n    timeout_seconds: 5\n    max_bytes: 1000\n    result: /now/text\n";

const SECRET: &str = "s3cr3tthatnobodymaysee";

fn read_file(yaml: &str) -> Result<Option<ConfigFile>, String> {
    let mut problems = ConfigProblems::default();
    let file = parse(yaml, Path::new("pedro.yaml"), Tz::UTC, |_| Some(SECRET.to_owned()), &mut problems);
    problems.into_result(file).map_err(|problems| problems.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(500)) })]

    #[test]
    fn it_is_read_whole_or_all_that_is_wrong_is_told_without_a_secret(yaml in near(VALID)) {
        match read_file(&yaml) {
            Ok(file) => {
                let file = file.ok_or_else(|| TestCaseError::fail("nothing read and nothing told"))?;
                let mut names = std::collections::HashSet::new();
                for community in file.communities.iter().flat_map(CommunityFile::iter) {
                    prop_assert!(!community.name.trim().is_empty() && names.insert(community.name.clone()), "{:?}", community.name);
                    prop_assert!(!community.name.contains('\0'), "{:?}", community.name);
                }
                for tool in &file.api_tools {
                    prop_assert!(!tool.name.is_empty() && tool.max_bytes > 0 && !tool.timeout.is_zero(), "{:?}", tool);
                    prop_assert!(!format!("{tool:?}").contains(SECRET), "{:?}", tool);
                }
            }
            Err(told) => {
                prop_assert!(!told.trim().is_empty() && told.chars().count() < 20_000, "{}", told);
                prop_assert!(!told.contains(SECRET), "{}", told);
                prop_assert!(!told.chars().any(|c| c.is_control() && c != '\n'), "{:?}", told);
            }
        }
    }
}

#[test]
fn a_file_that_would_grow_without_end_is_refused() {
    for key in ["communities", "api_tools"] {
        assert!(read_file(&laughter(key)).is_err());
    }
}
