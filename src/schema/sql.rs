//! stand-in until the real one is merged
use super::Table;
pub struct Schema {
    pub tables: Vec<&'static Table>,
    pub notes: Vec<String>,
}
pub fn read(_: &[u8]) -> Result<Schema, String> {
    Err("not yet".into())
}
