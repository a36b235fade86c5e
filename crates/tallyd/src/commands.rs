//! The commands, one file each.

pub(crate) mod audit;
pub(crate) mod check;
pub(crate) mod files;
pub(crate) mod generate;
pub(crate) mod get;
pub(crate) mod load;
mod look;
pub(crate) mod probe;
pub(crate) mod serve;
pub(crate) mod stats;
mod text;
