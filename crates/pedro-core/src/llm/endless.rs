//! A small model that got stuck says the same thing until its tokens are used up, and on a slow machine that takes
//! minutes. What it wrote before is as good as it will get.

/// Characters at the end of a text that are looked at.
const TAIL: usize = 2_000;

/// The longest part, in characters, of which a loop is noticed.
const LONGEST_PART: usize = 250;

/// So many characters must say the same again, and so many times over.
const LEAST_CHARACTERS: usize = 240;
const LEAST_TIMES: usize = 5;

/// Whether a text ends with something that is said again and again.
pub(super) fn is_endless(text: &str) -> bool {
    let mut tail: Vec<char> = text.chars().rev().take(TAIL).collect();
    // Blanks say nothing: code is indented, and tables are filled up.
    tail.dedup_by(|a, b| a.is_whitespace() && b.is_whitespace());
    (1..=LONGEST_PART.min(tail.len())).any(|part| {
        let again = tail.iter().zip(&tail[part..]).take_while(|(a, b)| a == b).count();
        again >= LEAST_CHARACTERS.max(part * LEAST_TIMES)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_again_and_again_is_endless() {
        for part in ["It is what it is. ", "ha", "-", "知りません。", "{\"step\": \"s1\"}, ", "one\n\ntwo\n\nthree\n\n"]
        {
            let text = format!("An answer first. {}", part.repeat(400));
            assert!(is_endless(&text), "{part:?}");
            assert!(
                is_endless(&text[..text.char_indices().nth(1_500.min(text.chars().count() - 1)).unwrap().0]),
                "{part:?}, cut"
            );
        }
        let paragraph = "The stream begins at seven on friday, and Mia brings the cake that she promised last week. ";
        assert!(is_endless(&paragraph.repeat(7)));
    }

    #[test]
    fn what_a_person_may_write_is_not() {
        let list: String = (1..80).map(|n| format!("{n}. step number {n} of the plan\n")).collect();
        let table = "| name | value |\n|------|-------|\n| a    | 1     |\n| b    | 2     |\n".repeat(3);
        let code = format!("fn main() {{\n{}let x = 1;\n{}let y = 2;\n}}", " ".repeat(300), " ".repeat(300));
        let zeros = format!("let zeros = [{}];", "0, ".repeat(60));
        let rule = format!("above\n{}\nbelow", "-".repeat(120));
        let laugh = format!("that is funny, {}", "ha".repeat(50));
        for text in [list.as_str(), &table, &code, &zeros, &rule, &laugh, "", "yes", "no no no no no"] {
            assert!(!is_endless(text), "{text}");
        }
    }
}
