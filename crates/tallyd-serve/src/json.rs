//! JSON strings from bytes that may be anything, into bytes.

/// Writes `text` as a JSON string, by the rule that the reports have as well.
pub fn string(text: &[u8], out: &mut Vec<u8>) {
    tallyd_ledger::json::string(text, |piece| out.extend_from_slice(piece.as_bytes()));
}
