//! What is said of events.

/// An event was switched on or off.
pub fn switched(name: &str, is_on: bool) -> String {
    match is_on {
        true => format!("the event {name} is on for a day: I know about it now."),
        false => format!("the event {name} is off for a day."),
    }
}

/// There is no event of that name.
pub fn unknown(name: &str, known: &[String]) -> String {
    match known {
        [] => "I know of no events. They stand in the file that PEDRO_EVENTS names.".to_owned(),
        known => format!("there is no event called {name}; I know {}.", known.join(", ")),
    }
}
