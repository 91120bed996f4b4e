"""GLSL sources. World coordinates in metres; light is linear until the last line."""

_LIGHT = """
const vec3 KEY_DIRECTION = normalize(vec3(0.38, -0.27, 0.88));
const vec3 KEY = vec3(1.28, 1.22, 1.12);
const vec3 FILL_DIRECTION = normalize(vec3(-0.6, 0.5, 0.45));
const vec3 FILL = vec3(0.20, 0.22, 0.26);
const vec3 SKY = vec3(0.50, 0.51, 0.53);
const vec3 GROUND = vec3(0.30, 0.26, 0.22);

vec3 shade(vec3 albedo, vec3 normal, float key) {
    vec3 around = mix(GROUND, SKY, 0.5 + 0.5 * normal.z);
    float front = max(dot(normal, KEY_DIRECTION), 0.0);
    float back = max(dot(normal, FILL_DIRECTION), 0.0);
    return albedo * (around + KEY * front * key + FILL * back) * 0.72;
}

vec3 to_srgb(vec3 light) {
    vec3 soft = light / (1.0 + 0.18 * light);
    return pow(clamp(soft, 0.0, 1.0), vec3(1.0 / 2.2));
}
"""

_SHADOW = """
uniform sampler2DShadow shadow_map;
uniform mat4 light_matrix;

float lit(vec3 world, float bias) {
    vec4 seen = light_matrix * vec4(world, 1.0);
    vec3 at = seen.xyz * 0.5 + 0.5;
    if (any(lessThan(at.xy, vec2(0.01))) || any(greaterThan(at.xy, vec2(0.99)))) return 1.0;
    float sum = 0.0;
    for (int i = -1; i <= 1; i++)
        for (int j = -1; j <= 1; j++)
            sum += texture(shadow_map, vec3(at.xy + vec2(i, j) * 0.0026, at.z - bias));
    return sum / 9.0;
}
"""

ROOM_VERTEX = """
#version 330
uniform mat4 view_projection;
in vec3 position;
in vec3 normal;
in vec3 uvw;
in vec3 tint;
out vec3 world;
out vec3 facing;
out vec3 texel;
out vec3 colour;
void main() {
    world = position;
    facing = normal;
    texel = uvw;
    colour = tint;
    gl_Position = view_projection * vec4(position, 1.0);
}
"""

ROOM_FRAGMENT = (
    """
#version 330
uniform sampler2DArray textures;
uniform vec3 half_room;
uniform float key;
in vec3 world;
in vec3 facing;
in vec3 texel;
in vec3 colour;
out vec4 picture;
"""
    + _LIGHT
    + """
void main() {
    vec3 albedo = pow(texture(textures, texel).rgb, vec3(2.2)) * colour;
    vec3 gap = vec3(half_room.xy - abs(world.xy), min(world.z, half_room.z - world.z));
    float near_x = exp(-gap.x / 0.45), near_y = exp(-gap.y / 0.45), near_z = exp(-gap.z / 0.35);
    float corners = near_x * near_y + near_x * near_z + near_y * near_z;
    float lamp = 0.80 + 0.32 * exp(-dot(world.xy, world.xy) / 14.0);
    bool ceiling = facing.z < -0.5 && world.z > half_room.z - 0.01;
    vec3 light = shade(albedo, facing, key * 0.62) * lamp * (1.0 - 0.34 * min(corners, 1.0));
    if (ceiling) {
        vec2 cell = abs(fract(world.xy / vec2(2.4, 2.8) + 0.5) - 0.5) * vec2(2.4, 2.8);
        bool panel = cell.x < 0.30 && cell.y < 0.60;
        light = panel ? vec3(1.5) : albedo * 0.62;
    }
    picture = vec4(light, 1.0);
}
"""
)

BACKDROP_VERTEX = """
#version 330
in vec2 corner;
out vec2 at;
void main() {
    at = corner * 0.5 + 0.5;
    gl_Position = vec4(corner, 0.0, 1.0);
}
"""

BACKDROP_FRAGMENT = (
    """
#version 330
uniform sampler2D bright;
uniform sampler2D dim;
uniform vec3 eye;
uniform mat3 ray_of_pixel;
uniform vec3 feet[4];
in vec2 at;
out vec4 picture;
"""
    + _LIGHT
    + _SHADOW
    + """
void main() {
    vec3 full = texture(bright, at).rgb;
    vec3 ray = ray_of_pixel * vec3(at, 1.0);
    if (ray.z < -1e-4) {
        vec3 world = eye - ray * (eye.z / ray.z);
        vec3 half_dark = texture(dim, at).rgb;
        full = mix(half_dark, full, lit(world, 0.002));
        for (int i = 0; i < 4; i++) {
            vec3 gap = world - feet[i];
            float reach = 0.13 + 0.6 * feet[i].z;
            float near = exp(-dot(gap.xy, gap.xy) / (reach * reach));
            full *= 1.0 - 0.42 * near / (1.0 + 12.0 * feet[i].z);
        }
    }
    picture = vec4(to_srgb(full), 1.0);
}
"""
)

DEPTH_VERTEX = """
#version 330
uniform mat4 light_matrix;
in vec3 position;
void main() { gl_Position = light_matrix * vec4(position, 1.0); }
"""

DEPTH_FRAGMENT = """
#version 330
void main() {}
"""

PERSON_VERTEX = """
#version 330
uniform mat4 view_projection;
in vec3 position;
in vec3 normal;
in vec3 rest;
in vec3 tint;
in float material;
out vec3 world;
out vec3 facing;
out vec3 cloth;
out vec3 colour;
flat out int kind;
void main() {
    world = position;
    facing = normal;
    cloth = rest;
    colour = tint;
    kind = int(material + 0.5);
    gl_Position = view_projection * vec4(position, 1.0);
}
"""

PERSON_FRAGMENT = (
    """
#version 330
uniform vec3 eye;
uniform vec3 cloth_first[2];
uniform vec3 cloth_second[2];
uniform int cloth_pattern[2];
uniform float cloth_scale[2];
uniform float band_height;
in vec3 world;
in vec3 facing;
in vec3 cloth;
in vec3 colour;
flat in int kind;
out vec4 picture;
"""
    + _LIGHT
    + _SHADOW
    + """
float hash(vec3 p) {
    p = fract(p * vec3(0.1031, 0.1030, 0.0973));
    p += dot(p, p.yxz + 33.33);
    return fract((p.x + p.y) * p.z);
}

float noise(vec3 p) {
    vec3 i = floor(p), f = fract(p);
    f = f * f * (3.0 - 2.0 * f);
    vec2 o = vec2(0.0, 1.0);
    float low = mix(mix(hash(i + o.xxx), hash(i + o.yxx), f.x),
                    mix(hash(i + o.xyx), hash(i + o.yyx), f.x), f.y);
    float top = mix(mix(hash(i + o.xxy), hash(i + o.yxy), f.x),
                    mix(hash(i + o.xyy), hash(i + o.yyy), f.x), f.y);
    return mix(low, top, f.z);
}

float stripe(float t) {
    float soft = max(fwidth(t), 1e-4);
    return smoothstep(-soft, soft, abs(fract(t) - 0.5) - 0.25);
}

float pattern(int number, vec3 p, float period) {
    if (number == 1) return stripe(p.z / period);
    if (number == 2) return 0.5 * stripe(p.x / period) + 0.5 * stripe(p.z / period);
    if (number == 3) {
        vec3 cell = fract(p / period) - 0.5;
        return smoothstep(0.34, 0.28, length(cell.xz));
    }
    if (number == 4) return noise(p / vec3(period * 0.5, period * 0.5, period * 2.0));
    if (number == 5) return step(0.52, noise(p / (period * 0.5)));
    if (number == 6) return step(abs(p.z - band_height), period * 0.5);
    if (number == 7) return stripe((p.x + p.z) / period);
    return 0.25 * noise(p / 0.02);
}

void main() {
    vec3 towards = normalize(eye - world);
    vec3 normal = normalize(facing);
    float inside = 1.0;
    if (dot(normal, towards) < 0.0 && !gl_FrontFacing) { normal = -normal; inside = 0.45; }
    vec3 albedo = colour;
    float gloss = 0.04;
    if (kind == 1 || kind == 2) {
        int which = kind - 1;
        float share = pattern(cloth_pattern[which], cloth, cloth_scale[which]);
        albedo = mix(cloth_first[which], cloth_second[which], share);
        albedo *= 0.90 + 0.20 * noise(cloth / 0.035);
        gloss = 0.01;
    } else if (kind == 3) {
        gloss = 0.10;
    }
    float key = lit(world + normal * 0.015, 0.004);
    vec3 light = shade(albedo, normal, key) * inside;
    vec3 halfway = normalize(towards + KEY_DIRECTION);
    light += gloss * key * KEY * pow(max(dot(normal, halfway), 0.0), 24.0);
    picture = vec4(to_srgb(light), 1.0);
}
"""
)
