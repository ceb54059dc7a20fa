// standard_weights: emitted from Rust by CubeCL. The source is crates/kernels; do not edit.
var<workgroup> shared_v25: array<f32, 64>;
@group(0) @binding(0) var<storage, read_write> v1: array<f32>;
struct info_st { scalars_usize: array<u32, 2>, static_meta: array<u32, 4>, dynamic_meta: array<u32> }
@group(0) @binding(1) var<storage, read> info_var: info_st;
@compute @workgroup_size(64, 1, 1)
fn standard_weights(@builtin(local_invocation_id) v154: vec3<u32>, @builtin(workgroup_id) v156: vec3<u32>) {
let v159 = &v1;
let v5 = u32(0);
let v155 = v154[0];
let v8 = u32(v155);
let v9 = u32(3);
let v135 = info_var.static_meta[1];
let v136 = v135 + v9;
let v137 = info_var.dynamic_meta[v136];
let v157 = v156[1];
let v13 = u32(v157);
let v14 = u32(1);
let v138 = info_var.static_meta[2];
let v139 = v138 + v14;
let v140 = info_var.dynamic_meta[v139];
let v17 = v13 * v140;
let v158 = v156[0];
let v19 = u32(v158);
let v20 = u32(2);
let v142 = v138 + v20;
let v143 = info_var.dynamic_meta[v142];
let v23 = v19 * v143;
let v24 = v17 + v23;
let v144 = &shared_v25;
let v27 = u32(64);
let v29 = f32(-3.0000000054977558e38);
var<function> v145_store: f32;
let v145 = &v145_store;
*v145 = v29;
var<function> v146_store: u32;
let v146 = &v146_store;
*v146 = v8;
loop {
let v33 = *v146;
let v34 = v33 < v137;
if !v34 { break; }
let v36 = *v146;
let v37 = v24 + v36;
let v41 = &(*v159)[v37];
let v42 = *v41;
let v43 = *v145;
let v44 = max(v43, v42);
*v145 = v44;
let v45 = *v146;
let v47 = v45 + v27;
*v146 = v47;

}
let v51 = &(*v144)[v8];
let v52 = *v145;
*v51 = v52;
workgroupBarrier();
for(var v56: u32 = v5; v56 < v27; v56 += v14) {
let v61 = &(*v144)[v56];
let v62 = *v61;
let v63 = *v145;
let v64 = max(v63, v62);
*v145 = v64;

}
workgroupBarrier();
let v65 = f32(0.0);
var<function> v149_store: f32;
let v149 = &v149_store;
*v149 = v65;
*v146 = v8;
loop {
let v68 = *v146;
let v69 = v68 < v137;
if !v69 { break; }
let v71 = *v146;
let v72 = v24 + v71;
let v76 = &(*v159)[v72];
let v77 = *v76;
let v78 = *v145;
let v79 = v77 - v78;
let v80 = exp(v79);
*v76 = v80;
let v87 = *v149;
let v88 = v87 + v80;
*v149 = v88;
let v89 = *v146;
let v91 = v89 + v27;
*v146 = v91;

}
let v96 = *v149;
*v51 = v96;
workgroupBarrier();
var<function> v151_store: f32;
let v151 = &v151_store;
*v151 = v65;
for(var v103: u32 = v5; v103 < v27; v103 += v14) {
let v108 = &(*v144)[v103];
let v109 = *v108;
let v110 = *v151;
let v111 = v110 + v109;
*v151 = v111;

}
*v146 = v8;
loop {
let v112 = *v146;
let v113 = v112 < v137;
if !v113 { break; }
let v115 = *v146;
let v116 = v24 + v115;
let v120 = &(*v159)[v116];
let v121 = *v120;
let v122 = *v151;
let v123 = v121 / v122;
*v120 = v123;
let v132 = v115 + v27;
*v146 = v132;

}
return;

}
