// plain_forward: emitted from Rust by CubeCL. The source is crates/kernels; do not edit.
var<workgroup> shared_v133: array<f32, 2048>;
var<workgroup> shared_v137: array<f32, 2048>;
@group(0) @binding(5) var<storage, read_write> v31: array<f32>;
@group(0) @binding(4) var<storage, read_write> v25: array<f32>;
@group(0) @binding(3) var<storage, read> v19: array<u32>;
@group(0) @binding(2) var<storage, read> v13: array<f32>;
@group(0) @binding(1) var<storage, read> v7: array<f32>;
@group(0) @binding(0) var<storage, read> v1: array<f32>;
struct info_st { scalars_usize: array<u32, 14>, scalars_f32: array<f32, 4>, static_meta: array<u32, 18>, dynamic_meta: array<u32> }
@group(0) @binding(6) var<storage, read> info_var: info_st;
@compute @workgroup_size(64, 1, 1)
fn plain_forward(@builtin(local_invocation_id) v539: vec3<u32>, @builtin(workgroup_id) v541: vec3<u32>) {
let v549 = &v31;
let v550 = &v25;
let v551 = &v19;
let v552 = &v13;
let v553 = &v7;
let v554 = &v1;
let v5 = u32(0);
let v37 = info_var.scalars_f32[0];
let v39 = info_var.scalars_usize[12];
let v40 = info_var.scalars_usize[13];
let v41 = info_var.scalars_f32[2];
let v540 = v539[0];
let v43 = u32(v540);
let v542 = v541[1];
let v45 = u32(v542);
let v543 = v541[2];
let v47 = u32(v543);
let v48 = u32(2);
let v445 = info_var.static_meta[6];
let v446 = v445 + v48;
let v447 = info_var.dynamic_meta[v446];
let v448 = info_var.static_meta[7];
let v449 = v448 + v48;
let v450 = info_var.dynamic_meta[v449];
let v544 = v541[0];
let v55 = u32(v544);
let v56 = u32(64);
let v57 = v55 * v56;
let v58 = v57 + v43;
let v59 = v58 < v447;
let v60 = u32(1);
let v452 = v445 + v60;
let v453 = info_var.dynamic_meta[v452];
let v455 = v448 + v60;
let v456 = info_var.dynamic_meta[v455];
let v66 = v453 / v456;
let v67 = v45 / v66;
let v457 = info_var.static_meta[12];
let v459 = info_var.dynamic_meta[v457];
let v71 = v47 * v459;
let v461 = v457 + v60;
let v462 = info_var.dynamic_meta[v461];
let v75 = v45 * v462;
let v76 = v71 + v75;
let v464 = v457 + v48;
let v465 = info_var.dynamic_meta[v464];
let v80 = v58 * v465;
let v81 = v76 + v80;
let v466 = info_var.static_meta[13];
let v468 = info_var.dynamic_meta[v466];
let v85 = v47 * v468;
let v470 = v466 + v60;
let v471 = info_var.dynamic_meta[v470];
let v89 = v67 * v471;
let v90 = v85 + v89;
let v472 = info_var.static_meta[14];
let v474 = info_var.dynamic_meta[v472];
let v94 = v47 * v474;
let v476 = v472 + v60;
let v477 = info_var.dynamic_meta[v476];
let v98 = v67 * v477;
let v99 = v94 + v98;
let v478 = info_var.static_meta[15];
let v480 = info_var.dynamic_meta[v478];
let v103 = v47 * v480;
let v107 = &(*v551)[v103];
let v108 = *v107;
let v109 = u32(v108);
let v110 = min(v109, v450);
let v111 = v58 + v450;
let v112 = v447 + v39;
let v531 = max(v111, v112);
let v532 = v531 - v112;
let v115 = v111 + v40;
let v117 = v115 + v60;
let v533 = max(v117, v447);
let v534 = v533 - v447;
let v119 = min(v110, v534);
let v120 = v57 + v450;
let v535 = max(v120, v112);
let v536 = v535 - v112;
let v124 = v57 + v56;
let v126 = v124 - v60;
let v127 = v126 + v450;
let v128 = v127 + v40;
let v130 = v128 + v60;
let v537 = max(v130, v447);
let v538 = v537 - v447;
let v132 = min(v110, v538);
let v481 = &shared_v133;
let v135 = u32(2048);
let v482 = &shared_v137;
var<function> v483_store: array<f32, 64>= array<f32, 64>();
let v483 = &v483_store;
for(var v148: u32 = v5; v148 < v56; v148 += v60) {
let v150 = f32(0.0);
var<function> v485_store: f32;
let v485 = &v485_store;
*v485 = v150;
if v59 {
let v153 = v81 + v148;
let v157 = &(*v554)[v153];
let v158 = *v157;
*v485 = v158;

}
let v162 = &(*v483)[v148];
let v163 = *v485;
*v162 = v163;

}
var<function> v486_store: array<f32, 64>= array<f32, 64>();
let v486 = &v486_store;
for(var v171: u32 = v5; v171 < v56; v171 += v60) {
let v176 = &(*v486)[v171];
let v177 = f32(0.0);
*v176 = v177;

}
let v178 = f32(-3.0000000054977558e38);
var<function> v488_store: f32;
let v488 = &v488_store;
*v488 = v178;
let v181 = f32(0.0);
var<function> v489_store: f32;
let v489 = &v489_store;
*v489 = v181;
var<function> v490_store: array<f32, 32>= array<f32, 32>();
let v490 = &v490_store;
let v186 = u32(32);
let v189 = v536 / v186;
let v191 = v189 * v186;
var<function> v491_store: u32;
let v491 = &v491_store;
*v491 = v191;
loop {
let v193 = *v491;
let v194 = v193 < v132;
if !v194 { break; }
workgroupBarrier();
let v494 = v466 + v48;
let v495 = info_var.dynamic_meta[v494];
var<function> v496_store: u32;
let v496 = &v496_store;
*v496 = v43;
loop {
let v202 = *v496;
let v204 = v202 < v135;
if !v204 { break; }
let v206 = *v496;
let v208 = v206 / v56;
let v209 = *v491;
let v210 = v209 + v208;
var<function> v498_store: f32;
let v498 = &v498_store;
*v498 = v181;
let v214 = v210 < v110;
if v214 {
let v215 = v210 * v495;
let v216 = v90 + v215;
let v217 = *v496;
let v219 = v217 % v56;
let v220 = v216 + v219;
let v224 = &(*v553)[v220];
let v225 = *v224;
*v498 = v225;

}
let v228 = *v496;
let v230 = &(*v481)[v228];
let v231 = *v498;
*v230 = v231;
let v234 = v228 + v56;
*v496 = v234;

}
let v500 = v472 + v48;
let v501 = info_var.dynamic_meta[v500];
var<function> v502_store: u32;
let v502 = &v502_store;
*v502 = v43;
loop {
let v241 = *v502;
let v243 = v241 < v135;
if !v243 { break; }
let v245 = *v502;
let v247 = v245 / v56;
let v248 = *v491;
let v249 = v248 + v247;
var<function> v504_store: f32;
let v504 = &v504_store;
*v504 = v181;
let v253 = v249 < v110;
if v253 {
let v254 = v249 * v501;
let v255 = v99 + v254;
let v256 = *v502;
let v258 = v256 % v56;
let v259 = v255 + v258;
let v263 = &(*v552)[v259];
let v264 = *v263;
*v504 = v264;

}
let v267 = *v502;
let v269 = &(*v482)[v267];
let v270 = *v504;
*v269 = v270;
let v273 = v267 + v56;
*v502 = v273;

}
workgroupBarrier();
let v274 = *v491;
let v275 = max(v532, v274);
let v277 = v275 - v274;
let v279 = max(v119, v274);
let v281 = v279 - v274;
let v283 = min(v281, v186);
var<function> v505_store: f32;
let v505 = &v505_store;
let v285 = *v488;
*v505 = v285;
for(var v287: u32 = v277; v287 < v283; v287 += v60) {
var<function> v507_store: f32;
let v507 = &v507_store;
*v507 = v181;
for(var v295: u32 = v5; v295 < v56; v295 += v60) {
let v300 = &(*v483)[v295];
let v301 = *v300;
let v303 = v287 * v56;
let v304 = v303 + v295;
let v308 = &(*v481)[v304];
let v309 = *v308;
let v311 = *v507;
let v547 = fma(v301, v309, v311);
*v507 = v547;

}
let v313 = *v507;
let v314 = v313 * v37;
var<function> v509_store: f32;
let v509 = &v509_store;
*v509 = v314;
let v319 = &(*v490)[v287];
let v320 = *v509;
*v319 = v320;
let v321 = *v505;
let v322 = *v509;
let v323 = max(v321, v322);
*v505 = v323;

}
let v324 = *v488;
let v325 = *v505;
let v326 = v324 - v325;
let v327 = exp(v326);
*v488 = v325;
let v329 = *v489;
let v330 = v329 * v327;
*v489 = v330;
for(var v334: u32 = v5; v334 < v56; v334 += v60) {
let v339 = &(*v486)[v334];
let v340 = *v339;
let v341 = v340 * v327;
*v339 = v341;

}
for(var v343: u32 = v277; v343 < v283; v343 += v60) {
let v348 = &(*v490)[v343];
let v349 = *v348;
let v350 = *v488;
let v351 = v349 - v350;
let v352 = exp(v351);
let v353 = *v489;
let v354 = v353 + v352;
*v489 = v354;
for(var v358: u32 = v5; v358 < v56; v358 += v60) {
let v361 = v343 * v56;
let v362 = v361 + v358;
let v366 = &(*v482)[v362];
let v367 = *v366;
let v372 = &(*v486)[v358];
let v373 = *v372;
let v548 = fma(v352, v367, v373);
*v372 = v548;

}

}
let v375 = *v491;
let v377 = v375 + v186;
*v491 = v377;

}
if v59 {
var<function> v513_store: f32;
let v513 = &v513_store;
*v513 = v181;
var<function> v514_store: f32;
let v514 = &v514_store;
*v514 = v41;
let v382 = *v489;
let v384 = v382 != v181;
if v384 {
let v385 = f32(1.0);
let v387 = v385 / v382;
*v513 = v387;
let v388 = *v489;
let v389 = log(v388);
let v390 = *v488;
let v391 = v390 + v389;
*v514 = v391;

}
let v515 = info_var.static_meta[16];
let v517 = info_var.dynamic_meta[v515];
let v395 = v47 * v517;
let v519 = v515 + v60;
let v520 = info_var.dynamic_meta[v519];
let v399 = v45 * v520;
let v400 = v395 + v399;
let v522 = v515 + v48;
let v523 = info_var.dynamic_meta[v522];
let v404 = v58 * v523;
let v405 = v400 + v404;
for(var v409: u32 = v5; v409 < v56; v409 += v60) {
let v414 = &(*v486)[v409];
let v415 = *v414;
let v416 = *v513;
let v417 = v415 * v416;
let v418 = v405 + v409;
let v422 = &(*v550)[v418];
*v422 = v417;

}
let v525 = info_var.static_meta[17];
let v527 = info_var.dynamic_meta[v525];
let v426 = v47 * v527;
let v529 = v525 + v60;
let v530 = info_var.dynamic_meta[v529];
let v430 = v45 * v530;
let v431 = v426 + v430;
let v432 = v431 + v58;
let v436 = &(*v549)[v432];
let v437 = *v514;
*v436 = v437;

}
return;

}
