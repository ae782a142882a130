//! From candidates to a ranking. Pure, so that each figure here can be measured by `pedro eval`.

use std::collections::HashMap;
use std::iter;

use crate::store::search::Candidate;

/// The figures of the ranking, measured with `pedro eval` on the sets in `crates/pedro-admin/tests/data/`, whose README
/// says what each brings. Each is in the midst of values that do about as well, on all sets.
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
    /// What is left of these two with each further line, up to `REACH`: an answer may take a few lines to come, and
    /// lines that are all about the matter lift each other.
    pub fade: f64,
    /// What a line of no words at all loses of its score if the question looks for an answer, and one with fewer than
    /// `TELLING` lexemes in proportion: "That's great!" is like many questions and answers none.
    pub terse: f64,
    /// What a line that names a time gains, in proportion to its score, if the question asks when.
    pub moment: f64,
    /// Added to lines of an author whom the question names. In talks of two anything from 0.4 to 0.8 does; where a
    /// remark is addressed to somebody, more is better.
    pub author: f64,
    /// Added to lines from a date that the question names.
    pub date: f64,
    /// If no line reaches this by its own words and meaning, nothing is retrieved at all.
    pub floor: f64,
}

impl Weights {
    /// What the bots use.
    pub const HYBRID: Self = Self {
        words: 0.4,
        meaning: 0.6,
        before: 0.5,
        after: 0.25,
        fade: 0.5,
        terse: 0.5,
        moment: 0.2,
        author: 0.6,
        date: 0.15,
        floor: 0.2,
    };
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

/// How many lines before and after it a line takes something from.
const REACH: usize = 3;

/// A line with so many lexemes says as much as any.
const TELLING: f64 = 12.0;

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
    /// What all of this counts for: less than 1 if the line says little, more if it names a time that is asked for.
    pub telling: f64,
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
    /// Whether a line names a time, and the question asks for one.
    pub moment: &'a (dyn Fn(&Candidate) -> bool + Sync),
    /// Whether the question looks for an answer.
    pub asks: bool,
}

/// How rare each lexeme of a question is (inverse document frequency); a lexeme that is absent counts 1.
pub type Rarity = HashMap<String, f64>;

/// What a candidate is worth by itself.
struct Own<'a> {
    line: &'a Candidate,
    words: f64,
    meaning: f64,
    fused: f64,
}

/// Ranks candidates, best first; ties go to the newer line.
pub fn rank(candidates: &[Candidate], rarity: &Rarity, prefer: &Preference<'_>, weights: &Weights) -> Vec<(i64, Why)> {
    let asked: f64 = rarity.values().sum();
    let by_itself = |line| {
        let (words, meaning) = (word_score(line, rarity, asked), meaning_score(line));
        Own { line, words, meaning, fused: weights.words * words + weights.meaning * meaning }
    };
    let own: HashMap<i64, Own<'_>> = candidates.iter().map(|line| (line.id, by_itself(line))).collect();
    let mut ranked: Vec<(i64, Why)> = own
        .values()
        .map(|&Own { line, words, meaning, fused }| {
            let (neighbours, telling) = (neighbours(line, &own, weights), telling(line, prefer, weights));
            let found = (fused + neighbours) * telling;
            let preference = if (prefer.author)(line) { weights.author } else { 0.0 }
                + if (prefer.date)(line) { weights.date } else { 0.0 };
            // A preference makes a line that fits better, not a line that does not fit found.
            let preference = preference * (found / 0.3).min(1.0);
            let score = (found + preference) * DOUBTED.powi(line.doubt.into());
            (line.id, Why { words, meaning, neighbours, telling, preference, score })
        })
        .collect();
    ranked.sort_by(|(a_id, a), (b_id, b)| b.score.total_cmp(&a.score).then(b_id.cmp(a_id)));
    ranked
}

/// What the lines around a line add to it, as far as they are candidates.
fn neighbours(line: &Candidate, own: &HashMap<i64, Own<'_>>, weights: &Weights) -> f64 {
    let side = |nearest: f64, next: fn(&Candidate) -> Option<i64>| {
        let further = |line: &Candidate| next(line).and_then(|id| own.get(&id));
        let lines = iter::successors(further(line), |beside| further(beside.line)).take(REACH);
        let shares = iter::successors(Some(nearest), |share| Some(share * weights.fade));
        lines.zip(shares).fold(0.0, |sum, (beside, share)| sum + share * beside.fused)
    };
    side(weights.before, |line| line.before) + side(weights.after, |line| line.after)
}

/// What a line's score counts for as an answer to this question.
fn telling(line: &Candidate, prefer: &Preference<'_>, weights: &Weights) -> f64 {
    let lacks = (1.0 - line.lexemes.len() as f64 / TELLING).max(0.0);
    let terse = if prefer.asks { weights.terse * lacks } else { 0.0 };
    (1.0 - terse) * if (prefer.moment)(line) { 1.0 + weights.moment } else { 1.0 }
}

/// Which share of the question's rarity a line has. A line far longer than a chat line says less with each word
/// (the length norm of BM25, with b = 0.3 around 12 lexemes).
fn word_score(line: &Candidate, rarity: &Rarity, asked: f64) -> f64 {
    if asked <= 0.0 {
        return 0.0;
    }
    // Not `sum`: that of nothing is -0.0.
    let has = line.lexemes.iter().filter_map(|word| rarity.get(word)).fold(0.0, |sum, rare| sum + rare);
    let length = 1.0 + 0.3 * (line.lexemes.len() as f64 / 12.0 - 1.0);
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

    /// Eight lexemes, as a chat line has.
    fn line(id: i64, lexemes: &[&str], similarity: f64) -> Candidate {
        const OTHERS: [&str; 8] = ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"];
        Candidate {
            id,
            channel_id: 1,
            author_id: id % 2,
            sent_at: chrono::DateTime::UNIX_EPOCH,
            lexemes: lexemes.iter().chain(&OTHERS).take(8).map(|&word| word.to_owned()).collect(),
            similarity: Some(similarity),
            before: None,
            after: None,
            doubt: 0,
        }
    }

    fn order(lines: &[Candidate], author: i64) -> Vec<i64> {
        let rarity = Rarity::from([("gopl".to_owned(), 4.0), ("use".to_owned(), 0.5)]);
        let author = |line: &Candidate| line.author_id == author;
        let prefer = Preference { author: &author, date: &|_| false, moment: &|_| false, asks: true };
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

    #[test]
    fn an_answer_rises_though_a_remark_stands_between_it_and_the_question() {
        let (mut question, mut remark, mut answer) = (line(1, &["gopl"], 0.7), line(2, &[], 0.0), line(3, &[], 0.1));
        (question.after, remark.before, remark.after, answer.before) = (Some(2), Some(1), Some(3), Some(2));
        let order = order(&[question, remark, answer, line(4, &[], 0.15)], -1);
        assert_eq!(order, [1, 2, 3, 4], "nearer lines get more");
    }

    #[test]
    fn a_line_that_says_little_is_no_answer_but_may_be_what_a_remark_is_about() {
        let (remark, answer) =
            (Candidate { lexemes: vec!["great".to_owned()], ..line(1, &[], 0.5) }, line(2, &[], 0.45));
        let ranked = |asks| {
            let prefer = Preference { author: &|_| false, date: &|_| false, moment: &|_| false, asks };
            rank(&[remark.clone(), answer.clone()], &Rarity::new(), &prefer, &Weights::HYBRID)
        };
        assert_eq!((ranked(true)[0].0, ranked(false)[0].0), (2, 1));
    }

    #[test]
    fn a_line_that_says_when_goes_ahead_if_that_is_asked() {
        let prefer = Preference { author: &|_| false, date: &|_| false, moment: &|line| line.id == 1, asks: true };
        let ranked = rank(&[line(1, &[], 0.5), line(2, &[], 0.55)], &Rarity::new(), &prefer, &Weights::HYBRID);
        assert_eq!(ranked[0].0, 1);
    }
}
