//! The console through HTTP: the real server, and where data is needed the real pipeline against the simulator.

mod browser;
mod pages;
mod security;
mod support;
