//! The loader over real Delta tables on local disk, fed with pages that the sanitizer let pass.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod keeping;
#[cfg(test)]
mod model;
#[cfg(test)]
mod speed;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod support;
