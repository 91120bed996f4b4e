"""GLSL sources. World coordinates in meters, y up; light is linear."""

VERTEX = """
#version 330
uniform mat4 view_projection;
in vec3 position;
in vec3 normal;
in vec2 uv;
out vec3 world;
out vec3 facing;
out vec2 texel;
void main() {
    world = position;
    facing = normal;
    texel = uv;
    gl_Position = view_projection * vec4(position, 1.0);
}
"""

_SURFACE = """
uniform sampler2D picture;
uniform bool textured;
uniform float opacity;
float dither(vec2 at) {
    return fract(52.9829189 * fract(dot(floor(at), vec2(0.06711056, 0.00583715))));
}
vec4 surface(vec2 texel, vec3 color) {
    return textured ? texture(picture, texel) : vec4(color, 1.0);
}
"""

SURFACE_FRAGMENT = (
    """
#version 330
uniform vec3 color;
uniform float shine;
uniform vec3 eye;
in vec3 world;
in vec3 facing;
in vec2 texel;
layout(location = 0) out vec4 paint;
layout(location = 1) out vec4 normal_shine;
layout(location = 2) out vec4 place;
"""
    + _SURFACE
    + """
float hash(vec3 p) { return fract(sin(dot(p, vec3(127.1, 311.7, 74.7))) * 43758.5453); }
float noise(vec3 p) {
    vec3 i = floor(p), f = fract(p);
    f = f * f * (3.0 - 2.0 * f);
    vec4 low = vec4(hash(i), hash(i + vec3(1, 0, 0)), hash(i + vec3(0, 1, 0)),
                    hash(i + vec3(1, 1, 0)));
    vec4 high = vec4(hash(i + vec3(0, 0, 1)), hash(i + vec3(1, 0, 1)), hash(i + vec3(0, 1, 1)),
                     hash(i + vec3(1, 1, 1)));
    vec4 one = mix(low, high, f.z);
    return mix(mix(one.x, one.y, f.x), mix(one.z, one.w, f.x), f.y);
}
void main() {
    vec4 base = surface(texel, color);
    if (base.a * opacity < dither(gl_FragCoord.xy)) discard;
    vec3 albedo = pow(base.rgb, vec3(2.2));
    // Real paint is neither quite white, nor quite black, nor of one pure color; and it wears.
    albedo = mix(albedo, vec3(dot(albedo, vec3(0.25, 0.65, 0.10))), 0.08) * 0.76 + 0.016;
    float wear = 0.55 * noise(world * 7.0) + 0.33 * noise(world * 29.0);
    wear += 0.12 * noise(world * 90.0);
    albedo *= (0.80 + 0.36 * wear) * mix(0.82, 1.0, smoothstep(0.0, 0.25, world.y));
    vec3 n = normalize(facing);
    if (dot(n, eye - world) < 0.0) n = -n;
    paint = vec4(albedo, 1.0);
    normal_shine = vec4(n, shine);
    place = vec4(world, 1.0);
}
"""
)

SCREEN_VERTEX = """
#version 330
in vec2 corner;
void main() { gl_Position = vec4(corner, 0.0, 1.0); }
"""

LIGHT_FRAGMENT = """
#version 330
uniform sampler2D paint;
uniform sampler2D normal_shine;
uniform sampler2D place;
uniform sampler2DShadow shadow_map;
uniform mat4 light_matrix;
uniform vec3 light;
uniform vec3 power;
uniform vec3 eye;
uniform bool bare;
out vec4 result;
void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    vec4 base = texelFetch(paint, at, 0);
    if (base.a == 0.0) discard;
    vec4 surface = texelFetch(normal_shine, at, 0);
    vec3 world = texelFetch(place, at, 0).xyz, n = surface.xyz, to_eye = normalize(eye - world);
    vec3 seen = (light_matrix * vec4(world, 1.0)).xyz * 0.5 + 0.5;
    bool outside = any(lessThan(seen.xy, vec2(0.002))) || any(greaterThan(seen.xy, vec2(0.998)));
    float open = outside ? 1.0 : texture(shadow_map, vec3(seen.xy, seen.z - 0.0035));
    float front = max(dot(n, light), 0.0) * open;
    if (bare) {
        result = vec4(power * front, 0.0);
        return;
    }
    float gloss = pow(max(dot(n, normalize(light + to_eye)), 0.0), 24.0) * 0.5;
    float edge = 0.04 + 0.5 * surface.w * pow(1.0 - max(dot(n, to_eye), 0.0), 4.0);
    vec3 bounce = power * 0.16 * (0.65 - 0.35 * n.y) * light.y;
    vec3 straight = power * front * (base.rgb + (0.3 + surface.w) * gloss * front + edge);
    result = vec4(straight + bounce * base.rgb, 0.0);
}
"""

DEPTH_VERTEX = """
#version 330
uniform mat4 light_matrix;
in vec3 position;
in vec2 uv;
out vec2 texel;
void main() {
    texel = uv;
    gl_Position = light_matrix * vec4(position, 1.0);
}
"""

DEPTH_FRAGMENT = (
    """
#version 330
in vec2 texel;
"""
    + _SURFACE
    + """
void main() { if (surface(texel, vec3(1.0)).a * opacity < dither(gl_FragCoord.xy)) discard; }
"""
)
