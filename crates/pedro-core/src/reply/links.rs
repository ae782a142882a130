//! What Pedro says of links.

use super::called;
use crate::chat::Platform;
use crate::store::link::Link;

/// The list of links; `asked` is the word they were searched by. URLs only where links are allowed.
pub fn list(links: &[Link], asked: Option<&str>, with_urls: bool, platform: Platform) -> String {
    let command = called(platform, "links");
    if links.is_empty() {
        return match asked {
            Some(_) => format!("I have no link for that. {command} shows all."),
            None => format!("there are no links yet. Moderators add one with {} name url", called(platform, "addlink")),
        };
    }
    let all = asked.is_none() && links.len() > 3;
    if all || !with_urls {
        let names: Vec<&str> = links.iter().map(|link| link.name.as_str()).collect();
        return match with_urls {
            true => format!("links: {}. {command} name shows one.", names.join(", ")),
            false => format!("links are not allowed in this chat, but I know: {}.", names.join(", ")),
        };
    }
    let shown: Vec<String> = links.iter().map(one_link).collect();
    shown.join(" | ")
}

fn one_link(link: &Link) -> String {
    match link.description.is_empty() {
        true => format!("{}: {}", link.name, link.url),
        false => format!("{} ({}): {}", link.name, link.description, link.url),
    }
}

/// A link was added or replaced.
pub fn added(name: &str, is_new: bool) -> String {
    format!("{} the link {name}.", if is_new { "added" } else { "replaced" })
}

/// A link was removed, or was not there.
pub fn removed(name: &str, was_there: bool) -> String {
    if was_there { format!("removed the link {name}.") } else { format!("there is no link called {name}.") }
}
