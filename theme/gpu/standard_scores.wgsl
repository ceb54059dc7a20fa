// standard_scores: emitted from Rust by CubeCL. The source is crates/kernels; do not edit.
var<workgroup> shared_v56: array<f32, 256>;
var<workgroup> shared_v60: array<f32, 256>;
@group(0) @binding(2) var<storage, read_write> v13: array<f32>;
@group(0) @binding(1) var<storage, read> v7: array<f32>;
@group(0) @binding(0) var<storage, read> v1: array<f32>;
struct info_st { scalars_usize: array<u32, 8>, scalars_f32: array<f32, 2>, static_meta: array<u32, 10>, dynamic_meta: array<u32> }
@group(0) @binding(3) var<storage, read> info_var: info_st;
@compute @workgroup_size(16, 16, 1)
fn standard_scores(@builtin(local_invocation_id) v225: vec3<u32>, @builtin(workgroup_id) v228: vec3<u32>) {
let v234 = &v13;
let v235 = &v7;
let v236 = &v1;
let v5 = u32(0);
let v19 = info_var.scalars_f32[0];
let v20 = info_var.scalars_usize[6];
let v226 = v225[0];
let v22 = u32(v226);
let v227 = v225[1];
let v24 = u32(v227);
let v229 = v228[0];
let v26 = u32(v229);
let v27 = u32(16);
let v28 = v26 * v27;
let v29 = v28 + v22;
let v230 = v228[1];
let v31 = u32(v230);
let v33 = v31 * v27;
let v34 = v33 + v24;
let v231 = v228[2];
let v36 = u32(v231);
let v37 = u32(1);
let v185 = info_var.static_meta[3];
let v186 = v185 + v37;
let v187 = info_var.dynamic_meta[v186];
let v188 = info_var.static_meta[4];
let v189 = v188 + v37;
let v190 = info_var.dynamic_meta[v189];
let v43 = v187 / v190;
let v44 = v36 / v43;
let v45 = u32(2);
let v192 = v185 + v45;
let v193 = info_var.dynamic_meta[v192];
let v195 = v188 + v45;
let v196 = info_var.dynamic_meta[v195];
let v55 = v28 + v24;
let v197 = &shared_v56;
let v198 = &shared_v60;
let v64 = f32(0.0);
var<function> v199_store: f32;
let v199 = &v199_store;
*v199 = v64;
let v68 = u32(4);
for(var v70: u32 = v5; v70 < v68; v70 += v37) {
let v73 = v70 * v27;
let v74 = v73 + v22;
var<function> v201_store: f32;
let v201 = &v201_store;
*v201 = v64;
let v78 = v34 < v193;
if v78 {
let v202 = info_var.static_meta[6];
let v203 = v202 + v37;
let v204 = info_var.dynamic_meta[v203];
let v82 = v36 * v204;
let v206 = v202 + v45;
let v207 = info_var.dynamic_meta[v206];
let v86 = v34 * v207;
let v87 = v82 + v86;
let v88 = v87 + v74;
let v92 = &(*v236)[v88];
let v93 = *v92;
*v201 = v93;

}
var<function> v208_store: f32;
let v208 = &v208_store;
*v208 = v64;
let v97 = v55 < v196;
if v97 {
let v209 = info_var.static_meta[7];
let v210 = v209 + v37;
let v211 = info_var.dynamic_meta[v210];
let v101 = v44 * v211;
let v213 = v209 + v45;
let v214 = info_var.dynamic_meta[v213];
let v105 = v55 * v214;
let v106 = v101 + v105;
let v107 = v106 + v74;
let v111 = &(*v235)[v107];
let v112 = *v111;
*v208 = v112;

}
workgroupBarrier();
let v114 = v24 * v27;
let v115 = v114 + v22;
let v119 = &(*v197)[v115];
let v120 = *v201;
*v119 = v120;
let v127 = &(*v198)[v115];
let v128 = *v208;
*v127 = v128;
workgroupBarrier();
for(var v132: u32 = v5; v132 < v27; v132 += v37) {
let v136 = v114 + v132;
let v140 = &(*v197)[v136];
let v141 = *v140;
let v143 = v22 * v27;
let v144 = v143 + v132;
let v148 = &(*v198)[v144];
let v149 = *v148;
let v151 = *v199;
let v233 = fma(v141, v149, v151);
*v199 = v233;

}

}
let v153 = v34 < v193;
let v154 = v29 < v196;
let v155 = v153 && v154;
if v155 {
let v156 = *v199;
let v157 = v156 * v19;
var<function> v216_store: f32;
let v216 = &v216_store;
*v216 = v157;
let v159 = v34 + v196;
let v160 = v159 + v20;
let v162 = v160 + v37;
let v223 = max(v162, v193);
let v224 = v223 - v193;
let v164 = v29 >= v224;
if v164 {
let v165 = f32(-3.0000000054977558e38);
*v216 = v165;

}
let v217 = info_var.static_meta[8];
let v218 = v217 + v37;
let v219 = info_var.dynamic_meta[v218];
let v169 = v36 * v219;
let v221 = v217 + v45;
let v222 = info_var.dynamic_meta[v221];
let v173 = v34 * v222;
let v174 = v169 + v173;
let v175 = v174 + v29;
let v179 = &(*v234)[v175];
let v180 = *v216;
*v179 = v180;

}
return;

}
