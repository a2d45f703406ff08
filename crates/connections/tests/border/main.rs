//! The life-cycle on real stores: local disk in a fresh directory and memory, with faults where they matter.

#[cfg(test)]
mod crash;
#[cfg(test)]
mod deletion;
#[cfg(test)]
mod lease;
#[cfg(test)]
mod mortal;
#[cfg(test)]
mod status;
#[cfg(test)]
mod support;
#[cfg(test)]
mod vault;
