//! The known name that somebody who mistyped one most likely meant.

/// Names longer than this are no typing errors; it also bounds the work on a hostile file.
const LONGEST: usize = 64;

/// ` (did you mean "port"?)`, or nothing if no known name is near.
pub(super) fn hint<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(typed, known) {
        Some(name) => format!(" (did you mean \"{name}\"?)"),
        None => String::new(),
    }
}

/// The nearest of the known names, if it is within a third of its length: `porrt` is `port`, `x` is nothing.
fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if typed.len() > LONGEST {
        return None;
    }
    let typed = typed.to_lowercase().replace('_', "-");
    known
        .into_iter()
        .map(|name| {
            (
                strsim::osa_distance(&typed, &name.to_lowercase().replace('_', "-")),
                name,
            )
        })
        .filter(|(distance, name)| *distance <= name.len().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
