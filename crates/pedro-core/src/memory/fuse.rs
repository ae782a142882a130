//! From candidates to a ranking. Pure, so that each figure here can be measured by `pedro eval`.

use std::collections::HashMap;

use crate::store::search::Candidate;

/// The figures of the ranking. Measured with `pedro eval`; see `docs/benchmarks.md`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// Share of the words' score.
    pub words: f64,
    /// Share of the meaning's score.
    pub meaning: f64,
    /// What a line takes of the score of the line before it: an answer is found by its question. A setting: busy chat
    /// interleaves topics.
    pub before: f64,
    /// What a line takes of the score of the line after it.
    pub after: f64,
    /// Added to lines of an author whom the question names.
    pub author: f64,
    /// Added to lines from a date that the question names.
    pub date: f64,
    /// If no line reaches this by its own words and meaning, nothing is retrieved at all.
    pub floor: f64,
}

impl Weights {
    /// What the bots use.
    pub const HYBRID: Self =
        Self { words: 0.4, meaning: 0.6, before: 0.5, after: 0.25, author: 0.5, date: 0.15, floor: 0.2 };
    /// Words alone, to compare with.
    pub const WORDS: Self = Self { words: 1.0, meaning: 0.0, ..Self::HYBRID };
    /// Meaning alone, to compare with.
    pub const MEANING: Self = Self { words: 0.0, meaning: 1.0, ..Self::HYBRID };
}

impl Default for Weights {
    fn default() -> Self {
        Self::HYBRID
    }
}

/// What a line is worth after each time that an answer made from it was taken back.
const DOUBTED: f64 = 0.5;

/// Why a line was found.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Why {
    /// Score of its words, 0 to 1: the share of the question's rarity that it has.
    pub words: f64,
    /// Score of its meaning, 0 to 1.
    pub meaning: f64,
    /// What its neighbours added.
    pub neighbours: f64,
    /// What the named author or date added.
    pub preference: f64,
    /// All together: what it is ranked by.
    pub score: f64,
}

impl Why {
    /// What the line is worth by itself, without neighbours and preferences.
    pub fn own(&self, weights: &Weights) -> f64 {
        weights.words * self.words + weights.meaning * self.meaning
    }
}

/// What a question prefers.
pub struct Preference<'a> {
    /// Whether a line is by somebody whom the question names.
    pub author: &'a (dyn Fn(&Candidate) -> bool + Sync),
    /// Whether a line is from the date that the question names.
    pub date: &'a (dyn Fn(&Candidate) -> bool + Sync),
}

/// How rare each lexeme of a question is (inverse document frequency); a lexeme that is absent counts 1.
pub type Rarity = HashMap<String, f64>;

/// Ranks candidates, best first; ties go to the newer line.
pub fn rank(candidates: &[Candidate], rarity: &Rarity, prefer: &Preference<'_>, weights: &Weights) -> Vec<(i64, Why)> {
    let asked: f64 = rarity.values().sum();
    let own: HashMap<i64, (f64, f64)> =
        candidates.iter().map(|line| (line.id, (word_score(line, rarity, asked), meaning_score(line)))).collect();
    let fused =
        |id: i64| own.get(&id).map_or(0.0, |(words, meaning)| weights.words * words + weights.meaning * meaning);
    let mut ranked: Vec<(i64, Why)> = candidates
        .iter()
        .map(|line| {
            let (words, meaning) = own.get(&line.id).copied().unwrap_or_default();
            let neighbour = |id: Option<i64>| id.map_or(0.0, fused);
            let neighbours = weights.before * neighbour(line.before) + weights.after * neighbour(line.after);
            let preference = if (prefer.author)(line) { weights.author } else { 0.0 }
                + if (prefer.date)(line) { weights.date } else { 0.0 };
            let found = weights.words * words + weights.meaning * meaning + neighbours;
            // A preference makes a line that fits better, not a line that does not fit found.
            let preference = preference * (found / 0.3).min(1.0);
            let score = (found + preference) * DOUBTED.powi(line.doubt.into());
            (line.id, Why { words, meaning, neighbours, preference, score })
        })
        .collect();
    ranked.sort_by(|(a_id, a), (b_id, b)| b.score.total_cmp(&a.score).then(b_id.cmp(a_id)));
    ranked
}

/// Which share of the question's rarity a line has. A line far longer than a chat line says less with each word
/// (the length norm of BM25, with b = 0.3 around 12 lexemes).
fn word_score(line: &Candidate, rarity: &Rarity, asked: f64) -> f64 {
    if asked <= 0.0 {
        return 0.0;
    }
    // Not `sum`: that of nothing is -0.0.
    let has = line.matched.iter().filter_map(|word| rarity.get(word)).fold(0.0, |sum, rare| sum + rare);
    let length = 1.0 + 0.3 * (f64::from(line.length) / 12.0 - 1.0);
    (has / asked / length.max(0.85)).min(1.0)
}

/// Cosine similarity, stretched so that a paraphrase counts 1. What is hardly related still counts a little: a least
/// similarity cost recall at every value that was tried.
fn meaning_score(line: &Candidate) -> f64 {
    const PARAPHRASE: f64 = 0.75;
    line.similarity.map_or(0.0, |similarity| (similarity / PARAPHRASE).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: i64, matched: &[&str], similarity: f64) -> Candidate {
        Candidate {
            id,
            channel_id: 1,
            author_id: id % 2,
            sent_at: chrono::DateTime::UNIX_EPOCH,
            matched: matched.iter().map(|&word| word.to_owned()).collect(),
            length: 8,
            similarity: Some(similarity),
            before: None,
            after: None,
            doubt: 0,
        }
    }

    fn order(lines: &[Candidate], author: i64) -> Vec<i64> {
        let rarity = Rarity::from([("gopl".to_owned(), 4.0), ("use".to_owned(), 0.5)]);
        let prefer = Preference { author: &|line| line.author_id == author, date: &|_| false };
        rank(lines, &rarity, &prefer, &Weights::HYBRID).into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn a_rare_word_is_worth_more_than_a_common_one() {
        assert_eq!(order(&[line(1, &["use"], 0.3), line(2, &["gopl"], 0.3)], -1), [2, 1]);
    }

    #[test]
    fn meaning_finds_what_shares_no_word() {
        assert_eq!(order(&[line(1, &["use"], 0.2), line(2, &[], 0.7)], -1), [2, 1]);
    }

    #[test]
    fn a_named_authors_line_goes_ahead_of_a_slightly_better_one() {
        assert_eq!(order(&[line(1, &[], 0.5), line(2, &[], 0.55)], 1), [1, 2]);
        assert_eq!(order(&[line(1, &[], 0.5), line(2, &[], 0.55)], 0), [2, 1]);
    }

    #[test]
    fn a_named_authors_unrelated_line_is_not_found_by_the_name_alone() {
        assert_eq!(order(&[line(1, &[], 0.1), line(2, &["gopl"], 0.6)], 1), [2, 1]);
    }

    #[test]
    fn a_line_that_misled_an_answer_counts_less() {
        let doubted = Candidate { doubt: 1, ..line(1, &["gopl"], 0.7) };
        assert_eq!(order(&[doubted, line(2, &["gopl"], 0.5)], -1), [2, 1]);
    }

    #[test]
    fn the_answer_beside_a_hit_rises_with_it() {
        let (mut question, mut answer) = (line(1, &["gopl"], 0.7), line(2, &[], 0.1));
        question.after = Some(2);
        answer.before = Some(1);
        assert_eq!(order(&[question, answer, line(3, &[], 0.2)], -1), [1, 2, 3]);
    }
}
