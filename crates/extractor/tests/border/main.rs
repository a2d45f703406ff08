//! The client against a real server on a loopback port that answers as Zendesk does. Waiting happens on a clock that
//! jumps, so that an hour of rate limit passes in a moment and no test depends on how fast the machine is.

#[cfg(test)]
mod fetch;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod pace;
#[cfg(test)]
mod support;
