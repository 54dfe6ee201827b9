//! The command `earthwork`.
fn main() {}
