//! Flash and grouped-query attention as kernels in CubeCL.
