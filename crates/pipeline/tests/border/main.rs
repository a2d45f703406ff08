//! The life of a connection against the simulated account: real HTTP, real stores, time as a value.

#[cfg(test)]
mod connecting;
#[cfg(test)]
mod life;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod rejects;
#[cfg(test)]
mod status;
#[cfg(test)]
mod support;
