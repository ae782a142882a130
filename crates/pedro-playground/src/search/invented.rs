//! The pages there are unless somebody says otherwise. All of them are made up, and no address leads anywhere.

use super::page::Page;

/// Title, address, text, further words.
type Invented = (&'static str, &'static str, &'static str, &'static str);

const PAGES: [Invented; 14] = [
    (
        "Go generics in ten minutes",
        "https://gopher-garden.example/generics",
        "Since Go 1.18 a function may have type parameters. Write func Map[T, U any](in []T, f func(T) U) []U and \
         call it without naming the types: the compiler infers them. Constraints are interfaces; comparable and \
         cmp.Ordered cover most needs. Reach for generics when you would copy code for a second type, not before.",
        "golang generic type parameter constraint",
    ),
    (
        "Go loops: what changed with 1.22",
        "https://gopher-garden.example/loops",
        "Before Go 1.22 the variable of a for loop was shared by all its rounds, so that goroutines and closures \
         saw its last value. Since 1.22 each round has a variable of its own. The rule follows the go line in \
         go.mod. Since 1.23 one can range over functions as well.",
        "golang loop variable closure goroutine range",
    ),
    (
        "The Rust borrow checker, without tears",
        "https://crabby-notes.example/borrow-checker",
        "The borrow checker of Rust allows either one mutable reference or any number of shared ones at a time. \
         Most errors vanish if a value is used for a shorter time, if a struct is split in two, or if an index is \
         kept instead of a reference. Cloning is no shame while you find out.",
        "rustlang lifetime ownership reference",
    ),
    (
        "Async Rust: cancelling a task",
        "https://crabby-notes.example/cancellation",
        "A future in Rust is cancelled by dropping it, at any await. With tokio, select! drops the branches that \
         lost, and a CancellationToken asks tasks to end by themselves. Keep state that must not be lost outside \
         of the future that may be dropped.",
        "rustlang tokio future select cancel",
    ),
    (
        "llama.cpp on a small machine",
        "https://llama-shed.example/small-machine",
        "llama.cpp runs models in the GGUF format on a processor alone. A model of 8 billion parameters quantised \
         to Q4_K_M needs about 5 GB of memory and makes 6 to 10 tokens a second on four cores. Threads beyond the \
         physical cores make it slower.",
        "llamacpp llm quantisation gguf local model memory",
    ),
    (
        "Serving many people with llama.cpp",
        "https://llama-shed.example/slots",
        "The server of llama.cpp divides its context among slots: with --parallel 4 and --ctx-size 16384 each of \
         four requests gets 4096 tokens. GET /props tells total_slots, and /health answers 503 while the model \
         loads. Prompt caching saves the time for what requests have in common.",
        "llamacpp server parallel slot context llm",
    ),
    (
        "pgvector: when to use HNSW",
        "https://elephant-vectors.example/hnsw",
        "pgvector keeps embeddings in PostgreSQL. Up to some ten thousand rows an exact scan is fast enough. An \
         HNSW index answers in milliseconds with a recall near 0.98 (m = 16, ef_construction = 64). With a filter, \
         set hnsw.iterative_scan, or fewer rows than asked may come back.",
        "postgres postgresql vector embedding index database",
    ),
    (
        "PostgreSQL full text search next to vectors",
        "https://elephant-vectors.example/hybrid",
        "Words and meaning find different things. Run a tsvector query and a pgvector query, number the rows of \
         both, and add 1 / (60 + rank): reciprocal rank fusion needs no tuning and beats either alone.",
        "postgres hybrid search rank fusion embedding database",
    ),
    (
        "OBS: settings for a stream that does not stutter",
        "https://stream-kitchen.example/obs-settings",
        "For 1080p at 60 frames a second, 6000 kbit/s is what Twitch takes. Use a key frame every 2 seconds, the \
         hardware encoder, and a constant bitrate. If frames are dropped, the network is too slow; if frames are \
         skipped, the encoder is.",
        "streaming twitch bitrate encoder broadcast",
    ),
    (
        "Overlays for streamers: browser sources in OBS",
        "https://stream-kitchen.example/overlays",
        "A browser source shows a web page over the picture. Give it 1920 by 1080, a transparent background, and \
         large type: viewers on phones see a tenth of that. Let it be quiet when nothing happens.",
        "streaming overlay obs twitch browser source",
    ),
    (
        "Mechanical keyboards: which switch?",
        "https://clack.example/switches",
        "Linear switches go straight down, tactile ones have a bump, clicky ones a sound that everybody in the \
         stream will hear. For long days of code many like light tactile switches of 55 to 62 grams. Try a tester \
         before you buy 70 of them.",
        "keyboard switch typing tactile linear clicky",
    ),
    (
        "Split keyboards and your wrists",
        "https://clack.example/split",
        "A split keyboard lets the shoulders open and the wrists stay straight. Column stagger and thumb keys take \
         two weeks to learn. Start with the layout that you know, and move one key at a time.",
        "keyboard ergonomic layout typing",
    ),
    (
        "Twenty questions: how to win",
        "https://parlour-games.example/twenty-questions",
        "Twenty yes-or-no questions can tell a million things apart, if each halves what is left. Ask for the \
         large divisions first: is it alive, is it made by people, is it larger than a bread box. Save the guesses \
         for the end.",
        "game guess question parlour",
    ),
    (
        "Rubber duck debugging",
        "https://duck-debugging.example/rubber",
        "Rubber duck debugging means to explain code, line by line, to a duck. Halfway through one hears oneself \
         say what the code should do, and sees that it does not. The duck's patience is what makes it work.",
        "debugging duck rubber bug",
    ),
];

pub(super) fn pages() -> Vec<Page> {
    let page = |(title, url, text, words): &Invented| Page {
        words: words.split(' ').map(str::to_owned).collect(),
        ..Page::new(title, url, text)
    };
    PAGES.iter().map(page).collect()
}
