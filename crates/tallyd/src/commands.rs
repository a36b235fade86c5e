//! The commands, one file each.

pub(crate) mod check;
pub(crate) mod files;
pub(crate) mod generate;
mod look;
pub(crate) mod serve;
pub(crate) mod stats;
mod text;
