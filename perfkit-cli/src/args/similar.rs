//! The name that was probably meant by one that is not known.

/// The candidate that is closest to an unknown name, if it is close to it at all.
pub(crate) fn most_similar<'a>(
    unknown: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let distance = |name: &str| strsim::damerau_levenshtein(unknown, name);
    let closest = candidates.min_by_key(|name| distance(name))?;
    (distance(closest) <= 1 + unknown.len() / 3).then_some(closest)
}
