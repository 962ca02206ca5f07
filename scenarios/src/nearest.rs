//! What somebody may have meant who wrote a name that does not exist.

/// How alike two names have to be, from 0 to 1, so that one is offered in place of the other: as clap has it.
const ALIKE: f64 = 0.7;

/// The known name that is most like this one, if any is like it.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let alike = known.into_iter().map(|known| (strsim::jaro(name, known), known));
    alike
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_recognised_and_something_else_is_not() {
        let known = ["quick", "p2p-steady", "soak"];
        assert_eq!(nearest("qiuck", known), Some("quick"));
        assert_eq!(nearest("p2p-stedy", known), Some("p2p-steady"));
        assert_eq!(nearest("earthquake", known), None);
        assert_eq!(nearest("", known), None);
    }
}
