// standard_mix: emitted from Rust by CubeCL. The source is crates/kernels; do not edit.
var<workgroup> shared_v52: array<f32, 256>;
var<workgroup> shared_v56: array<f32, 256>;
@group(0) @binding(2) var<storage, read_write> v13: array<f32>;
@group(0) @binding(1) var<storage, read> v7: array<f32>;
@group(0) @binding(0) var<storage, read> v1: array<f32>;
struct info_st { scalars_usize: array<u32, 6>, static_meta: array<u32, 10>, dynamic_meta: array<u32> }
@group(0) @binding(3) var<storage, read> info_var: info_st;
@compute @workgroup_size(16, 16, 1)
fn standard_mix(@builtin(local_invocation_id) v223: vec3<u32>, @builtin(workgroup_id) v226: vec3<u32>) {
let v231 = &v13;
let v232 = &v7;
let v233 = &v1;
let v5 = u32(0);
let v224 = v223[0];
let v20 = u32(v224);
let v225 = v223[1];
let v22 = u32(v225);
let v227 = v226[0];
let v24 = u32(v227);
let v25 = u32(16);
let v26 = v24 * v25;
let v27 = v26 + v20;
let v228 = v226[1];
let v29 = u32(v228);
let v31 = v29 * v25;
let v32 = v31 + v22;
let v229 = v226[2];
let v34 = u32(v229);
let v35 = u32(1);
let v183 = info_var.static_meta[3];
let v184 = v183 + v35;
let v185 = info_var.dynamic_meta[v184];
let v186 = info_var.static_meta[4];
let v187 = v186 + v35;
let v188 = info_var.dynamic_meta[v187];
let v41 = v185 / v188;
let v42 = v34 / v41;
let v43 = u32(2);
let v190 = v183 + v43;
let v191 = info_var.dynamic_meta[v190];
let v46 = u32(3);
let v193 = v183 + v46;
let v194 = info_var.dynamic_meta[v193];
let v196 = v186 + v46;
let v197 = info_var.dynamic_meta[v196];
let v198 = &shared_v52;
let v199 = &shared_v56;
let v60 = f32(0.0);
var<function> v200_store: f32;
let v200 = &v200_store;
*v200 = v60;
let v64 = v194 + v25;
let v66 = v64 - v35;
let v68 = v66 / v25;
for(var v71: u32 = v5; v71 < v68; v71 += v35) {
let v74 = v71 * v25;
let v75 = v74 + v20;
let v78 = v74 + v22;
var<function> v202_store: f32;
let v202 = &v202_store;
*v202 = v60;
let v82 = v32 < v191;
let v83 = v75 < v194;
let v84 = v82 && v83;
if v84 {
let v203 = info_var.static_meta[6];
let v204 = v203 + v35;
let v205 = info_var.dynamic_meta[v204];
let v88 = v34 * v205;
let v207 = v203 + v43;
let v208 = info_var.dynamic_meta[v207];
let v92 = v32 * v208;
let v93 = v88 + v92;
let v94 = v93 + v75;
let v98 = &(*v233)[v94];
let v99 = *v98;
*v202 = v99;

}
var<function> v209_store: f32;
let v209 = &v209_store;
*v209 = v60;
let v103 = v78 < v194;
let v104 = v27 < v197;
let v105 = v103 && v104;
if v105 {
let v210 = info_var.static_meta[7];
let v211 = v210 + v35;
let v212 = info_var.dynamic_meta[v211];
let v109 = v42 * v212;
let v214 = v210 + v43;
let v215 = info_var.dynamic_meta[v214];
let v113 = v78 * v215;
let v114 = v109 + v113;
let v115 = v114 + v27;
let v119 = &(*v232)[v115];
let v120 = *v119;
*v209 = v120;

}
workgroupBarrier();
let v122 = v22 * v25;
let v123 = v122 + v20;
let v127 = &(*v198)[v123];
let v128 = *v202;
*v127 = v128;
let v135 = &(*v199)[v123];
let v136 = *v209;
*v135 = v136;
workgroupBarrier();
for(var v140: u32 = v5; v140 < v25; v140 += v35) {
let v144 = v122 + v140;
let v148 = &(*v198)[v144];
let v149 = *v148;
let v151 = v140 * v25;
let v152 = v151 + v20;
let v156 = &(*v199)[v152];
let v157 = *v156;
let v159 = *v200;
let v230 = fma(v149, v157, v159);
*v200 = v230;

}

}
let v161 = v32 < v191;
let v162 = v27 < v197;
let v163 = v161 && v162;
if v163 {
let v217 = info_var.static_meta[8];
let v218 = v217 + v35;
let v219 = info_var.dynamic_meta[v218];
let v167 = v34 * v219;
let v221 = v217 + v43;
let v222 = info_var.dynamic_meta[v221];
let v171 = v32 * v222;
let v172 = v167 + v171;
let v173 = v172 + v27;
let v177 = &(*v231)[v173];
let v178 = *v200;
*v177 = v178;

}
return;

}
