//! tallyd-load
