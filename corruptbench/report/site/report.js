"use strict";
// The page reads without this script: it only draws the clips. Nothing is loaded.
(() => {
  const TURN = (2 * Math.PI) / 14000; // radians for each millisecond
  const RATE = 25; // frames for each second, whatever the video's rate: half of what most have
  const PITCH = 0.16; // radians, so that the floor is seen from above
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const movies = [];
  const ink = {};

  const readInk = () => {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["truth", "left", "right", "middle", "rule", "soft"]) {
      ink[name] = style.getPropertyValue(`--${name}`).trim();
    }
  };

  const numbers = (text) => {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    return new Int16Array(bytes.buffer);
  };

  // Make a canvas as fine as the screen; return its context, with a side of 100 units.
  const prepare = (canvas) => {
    const side = Math.max(1, Math.round(canvas.clientWidth * (window.devicePixelRatio || 1)));
    if (canvas.width !== side || canvas.height !== side) canvas.width = canvas.height = side;
    const context = canvas.getContext("2d");
    context.setTransform(side / 100, 0, 0, side / 100, 0, 0);
    context.clearRect(0, 0, 100, 100);
    context.lineCap = "round";
    return context;
  };

  const line = (context, from, to, color, width, alpha = 1) => {
    context.globalAlpha = alpha;
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(from[0], from[1]);
    context.lineTo(to[0], to[1]);
    context.stroke();
    context.globalAlpha = 1;
  };

  const colorOf = (side) => [ink.middle, ink.left, ink.right][side];

  const drawFlat = (movie, frame) => {
    const { data, image } = movie;
    const context = prepare(movie.flat);
    if (image && image.complete && image.naturalWidth) {
      const tile = image.naturalWidth / 10;
      const place = data.pictured[frame];
      const x = (place % 10) * tile;
      const y = Math.floor(place / 10) * tile;
      context.drawImage(image, x, y, tile, tile, 0, 0, 100, 100);
    }
    const count = movie.keypoints.length / 2 / data.frames.length;
    const at = (joint) => {
      const place = 2 * (frame * count + joint);
      return [movie.keypoints[place], movie.keypoints[place + 1]];
    };
    const scaled = (point) => point.map((value) => (value / data.side) * 100);
    let seen = false;
    for (const pass of image ? ["#000000", ""] : [""]) {
      for (const [a, b, side] of data.keypointBones) {
        if (at(a)[0] === data.missing || at(b)[0] === data.missing) continue;
        seen = true;
        const color = image ? ["#ffffff", "#ff8c00", "#34b4ff"][side] : colorOf(side);
        line(context, scaled(at(a)), scaled(at(b)), pass || color, pass ? 2.6 : 1.4, pass ? 0.55 : 1);
      }
    }
    if (!seen) {
      context.fillStyle = image ? "#ffffff" : ink.soft;
      context.font = "6px system-ui, sans-serif";
      context.textAlign = "center";
      context.fillText("nobody was found", 50, 94);
    }
  };

  const drawSpace = (movie, frame) => {
    const context = prepare(movie.space);
    const [sin, cos] = [Math.sin(movie.angle), Math.cos(movie.angle)];
    const [up, along] = [Math.sin(PITCH), Math.cos(PITCH)];
    const show = (x, y, z) => {
      const [right, deep, down] = [x * cos + z * sin, z * cos - x * sin, y - movie.middle];
      const far = deep * along - down * up;
      const size = 44 / (movie.reach * (1 + far / (movie.reach * 7)));
      return [50 + right * size, 50 + (down * along + deep * up * -1) * size];
    };
    const ring = (radius) => {
      let last = null;
      for (let step = 0; step <= 48; step++) {
        const turn = (step / 48) * 2 * Math.PI;
        const point = show(radius * Math.cos(turn), movie.floor, radius * Math.sin(turn));
        if (last) line(context, last, point, ink.rule, 0.6);
        last = point;
      }
    };
    const wide = movie.reach * 0.55;
    ring(wide);
    ring(wide / 2);
    for (const [x, z] of [[wide, 0], [0, wide]]) {
      line(context, show(-x, movie.floor, -z), show(x, movie.floor, z), ink.rule, 0.6);
    }
    const count = movie.joints;
    const body = (points, width, alpha, paint) => {
      const at = (joint) => {
        const place = 3 * (frame * count + joint);
        return show(points[place], points[place + 1], points[place + 2]);
      };
      for (const [a, b, side] of movie.data.bones) line(context, at(a), at(b), paint(side), width, alpha);
    };
    body(movie.target, 3, 0.75, () => ink.truth);
    body(movie.predicted, 1.7, 1, colorOf);
  };

  const draw = (movie) => {
    const frame = Math.floor(movie.frame);
    drawFlat(movie, frame);
    drawSpace(movie, frame);
    const { data } = movie;
    const text = `frame ${data.frames[frame]}, ${Math.round(data.error[frame])} mm`;
    movie.range.value = frame;
    movie.range.setAttribute("aria-valuetext", text);
    movie.output.textContent = `${Math.round(data.error[frame])} mm`;
    movie.output.title = text;
  };

  let last = 0;
  let asked = false;
  const tick = (now) => {
    asked = false;
    const passed = Math.max(0, Math.min(now - last, 100));
    last = now;
    for (const movie of movies) {
      if (!movie.playing || !movie.visible) continue;
      movie.angle += TURN * passed;
      movie.frame = (movie.frame + (passed * RATE) / 1000) % movie.data.frames.length;
      draw(movie);
    }
    wake();
  };
  const wake = () => {
    if (asked || !movies.some((movie) => movie.playing && movie.visible)) return;
    asked = true;
    requestAnimationFrame(tick);
  };

  const play = (movie, on) => {
    movie.playing = on;
    movie.button.textContent = on ? "❚❚" : "▶";
    movie.button.setAttribute("aria-label", on ? "pause" : "play");
    last = performance.now();
    wake();
  };

  // Half the height, and the distance from the middle axis, of all poses.
  const extent = (points) => {
    let [top, floor, wide] = [Infinity, -Infinity, 1];
    for (let place = 0; place < points.length; place += 3) {
      top = Math.min(top, points[place + 1]);
      floor = Math.max(floor, points[place + 1]);
      wide = Math.max(wide, Math.hypot(points[place], points[place + 2]));
    }
    return { floor, middle: (top + floor) / 2, reach: Math.max((floor - top) / 2, wide) };
  };

  // The view holds the true pose, and most of a prediction that is far off.
  const measure = (movie) => {
    const truth = extent(movie.target);
    const found = extent(movie.predicted);
    movie.floor = truth.floor;
    movie.middle = truth.middle;
    movie.reach = Math.min(Math.max(truth.reach, found.reach), truth.reach * 1.2) * 1.08;
  };

  const make = (card) => {
    const data = JSON.parse(card.querySelector("script").textContent);
    const part = (selector) => card.querySelector(selector);
    const movie = {
      data, frame: 0, angle: -0.5, playing: false, visible: true, image: null,
      flat: part(".flat"), space: part(".space"), button: part(".play"),
      range: part("input"), output: part("output"),
      keypoints: numbers(data.keypoints), predicted: numbers(data.predicted), target: numbers(data.target),
    };
    movie.joints = movie.target.length / 3 / data.frames.length;
    measure(movie);
    if (data.sprite) {
      movie.image = new Image();
      movie.image.addEventListener("load", () => draw(movie));
      movie.image.src = data.sprite;
    }
    movie.button.addEventListener("click", () => play(movie, !movie.playing));
    movie.range.addEventListener("input", () => {
      play(movie, false);
      movie.frame = Number(movie.range.value);
      draw(movie);
    });
    movie.space.addEventListener("pointerdown", (event) => {
      movie.space.setPointerCapture(event.pointerId);
      movie.dragged = event.clientX;
    });
    movie.space.addEventListener("pointermove", (event) => {
      if (movie.dragged === undefined) return;
      movie.angle -= (event.clientX - movie.dragged) / 90;
      movie.dragged = event.clientX;
      draw(movie);
    });
    movie.space.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: 1, ArrowRight: -1 }[event.key];
      if (!way) return;
      event.preventDefault();
      movie.angle += way * 0.15;
      draw(movie);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      movie.space.addEventListener(name, () => { movie.dragged = undefined; });
    }
    part(".controls").hidden = false;
    movies.push(movie);
    return movie;
  };

  readInk();
  document.querySelectorAll(".movie").forEach((card) => {
    const movie = make(card);
    new ResizeObserver(() => draw(movie)).observe(card);
    new IntersectionObserver((entries) => {
      movie.visible = entries[entries.length - 1].isIntersecting;
      wake();
    }).observe(card);
    play(movie, !still.matches);
  });
  dark.addEventListener("change", () => {
    readInk();
    movies.forEach(draw);
  });
  still.addEventListener("change", () => movies.forEach((movie) => play(movie, !still.matches)));
})();
